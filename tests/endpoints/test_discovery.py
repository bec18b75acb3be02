"""Discovery documents."""

import orjson

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.http import Request
from pilothouse.endpoints import discovery
from tests.endpoints.support import API, run
from tests.observability.support import samples

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def test_storage_version_hashes_are_upstreams() -> None:
    assert discovery.storage_version_hash(GroupVersionKind("", "v1", "ConfigMap")) == "qFsyl6wFWjQ="
    assert discovery.storage_version_hash(GroupVersionKind("apps", "v1", "Deployment")) == "8aSe+NMegvE="


def test_a_resource_list() -> None:
    async def test(api: API) -> None:
        code, found = await api.json("GET", "/apis/apps/v1")
        assert (code, found["kind"], found["apiVersion"], found["groupVersion"]) == (
            200, "APIResourceList", "v1", "apps/v1"
        )
        by_name = {entry["name"]: entry for entry in found["resources"]}
        assert list(by_name) == sorted(by_name)
        assert by_name["deployments"] == {
            "name": "deployments", "singularName": "deployment", "namespaced": True, "kind": "Deployment",
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": ["deploy"], "categories": ["all"], "storageVersionHash": "8aSe+NMegvE=",
        }
        assert by_name["deployments/scale"] == {
            "name": "deployments/scale", "singularName": "", "namespaced": True, "group": "autoscaling",
            "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"],
        }
        _, core = await api.json("GET", "/api/v1")
        assert "apiVersion" not in core
        assert all("storageVersionHash" not in e for e in core["resources"] if e["name"] in ("bindings", "pods/status"))
        yaml = await api.call("GET", "/apis/apps/v1/", accept="application/yaml")
        assert yaml.body.startswith(b"apiVersion: v1\ngroupVersion: apps/v1\n")
        assert (await api.call("GET", "/api/v1", accept="text/plain")).status == 406

    run(test)


def test_other_versions_share_the_hash_of_the_stored_one() -> None:
    async def test(api: API) -> None:
        hashes = set()
        for version in ("v1", "v2"):
            _, found = await api.json("GET", f"/apis/autoscaling/{version}")
            hashes.add(found["resources"][0]["storageVersionHash"])
        assert hashes == {"qwQve8ut294="}

    run(test)


def test_groups() -> None:
    group = discovery.api_group("autoscaling", ["v2", "v1"])
    assert group["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}
    assert discovery.api_group_document(group)["kind"] == "APIGroup"
    assert discovery.api_group_list([group])["groups"] == [group]
    assert discovery.api_versions("h:1")["serverAddressByClientCIDRs"] == [
        {"clientCIDR": "0.0.0.0/0", "serverAddress": "h:1"}
    ]


def test_aggregated_discovery_and_its_etag() -> None:
    async def test(api: API) -> None:
        apps = api.versions["apps", "v1"]
        group = discovery.group_discovery("apps", [discovery.version_discovery("v1", apps.resources.values())])
        served = discovery.Discovery(
            discovery.Document(discovery.api_group_list([])), discovery.AggregatedDocument([group])
        )
        plain = await served(Request("GET", "/apis"))
        assert orjson.loads(plain.body)["kind"] == "APIGroupList"
        asked = Request("GET", "/apis", headers=[(b"accept", f"{AGGREGATED},application/json".encode())])
        response = await served(asked)
        headers = dict(response.headers)
        assert headers[b"content-type"] == AGGREGATED.replace(";v=v2;as", ";v=v2;as").encode()
        assert (headers[b"vary"], headers[b"cache-control"]) == (b"Accept", b"public")
        document = orjson.loads(response.body)
        assert (document["kind"], document["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
        version = document["items"][0]["versions"][0]
        assert version["freshness"] == "Current"
        deployments = next(r for r in version["resources"] if r["resource"] == "deployments")
        assert deployments["responseKind"] == {"group": "", "version": "", "kind": "Deployment"}
        assert deployments["subresources"][0]["responseKind"] == {
            "group": "autoscaling", "version": "v1", "kind": "Scale"
        }
        asked.headers = [(b"accept", f"{AGGREGATED};profile=nopeer".encode())]
        name = "aggregator_discovery_nopeer_requests_total"
        before = samples()[name]
        assert (await served(asked)).status == 200
        assert samples()[name] == before + 1
        asked.headers = [*asked.headers, (b"if-none-match", headers[b"etag"])]
        assert (await served(asked)).status == 304

    run(test)
