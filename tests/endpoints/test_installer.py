"""Which path and method reaches which handler."""

import pytest

from pilothouse.apimachinery.gvk import GroupVersion
from tests.endpoints.support import API, run

NOT_FOUND = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"


@pytest.mark.parametrize("path", [
    "/api/v1/nosuch", "/api/v1/namespaces/ns/nosuch", "/api/v1/namespaces/ns/nosuch/x",
    "/api/v1/namespaces/ns/configmaps/x/nosuch", "/api/v1/namespaces/ns/configmaps/x/status",
    "/api/v1/namespaces/ns/nodes", "/api/v1/pods/x", "/api/v1/configmaps/x/y", "/apis/apps/v1/deployments/x",
    "/api/v1/namespaces/ns/pods/x/status/more", "/api/v1/watch/namespaces/ns/x",
])
def test_paths_nobody_serves(path: str) -> None:
    async def test(api: API) -> None:
        code, error = await api.json("GET", path)
        assert (code, error["message"], error["details"]) == (404, NOT_FOUND, {})

    run(test)


@pytest.mark.parametrize(("method", "path"), [
    ("PUT", "/api/v1/namespaces/ns/configmaps"), ("PATCH", "/api/v1/namespaces/ns/configmaps"),
    ("POST", "/api/v1/namespaces/ns/configmaps/x"), ("POST", "/api/v1/configmaps"), ("DELETE", "/api/v1/configmaps"),
    ("POST", "/api/v1"), ("DELETE", "/apis/apps/v1"), ("GET", "/api/v1/namespaces/ns/bindings"),
    ("GET", "/api/v1/namespaces/ns/pods/x/binding"), ("PUT", "/api/v1/componentstatuses/x"),
    ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"), ("LIST", "/api/v1/namespaces/ns/configmaps"),
    ("HEAD", "/api/v1/namespaces/ns/configmaps"), ("DELETE", "/apis/apps/v1/namespaces/ns/deployments/x/scale"),
    ("PATCH", "/api/v1/namespaces/ns/finalize"),
])
def test_methods_nobody_takes(method: str, path: str) -> None:
    async def test(api: API) -> None:
        code, error = await api.json(method, path)
        assert (code, error["message"], error["details"]) == (405, NOT_ALLOWED, {})

    run(test)


def test_what_a_group_version_says_it_serves() -> None:
    async def test(api: API) -> None:
        apps = api.versions["apps", "v1"]
        assert apps.group_version == GroupVersion("apps", "v1")
        assert apps.serves("deployments", "") and apps.serves("deployments", "scale")
        assert not apps.serves("deployments", "odd") and not apps.serves("pods", "")

    run(test)


def test_nodes_are_not_there_to_connect_to() -> None:
    async def test(api: API) -> None:
        code, error = await api.json("GET", "/api/v1/namespaces/ns/services/x/proxy/a/b")
        assert (code, error["message"]) == (404, 'services "x" not found')
        await api.call("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
        code, error = await api.json("GET", "/api/v1/nodes/n/proxy/metrics")
        assert code >= 400 and error["kind"] == "Status"

    run(test)


def test_every_resource_can_be_listed() -> None:
    async def test(api: API) -> None:
        for (group, version), served in api.versions.items():
            root = f"/apis/{group}/{version}" if group else f"/api/{version}"
            for resource in served.resources.values():
                if "list" not in resource.verbs or resource.virtual is not None:
                    continue
                code, found = await api.json("GET", f"{root}/{resource.name}")
                assert (code, found["kind"], found["items"]) == (200, resource.list_kind, [])

    run(test)
