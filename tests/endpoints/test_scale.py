"""The scale subresource."""

import pytest

from tests.endpoints.support import API, APPLY, MERGE, TABLE, run

KINDS = ["apis/apps/v1/namespaces/ns/deployments", "apis/apps/v1/namespaces/ns/replicasets",
         "apis/apps/v1/namespaces/ns/statefulsets", "api/v1/namespaces/ns/replicationcontrollers"]


def parent(kind: str) -> dict[str, object]:
    selector: object = {"a": "b"} if kind.endswith("controllers") else {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"metadata": {"name": "w"}, "spec": {"selector": selector, "template": template, "serviceName": "s"}}


@pytest.mark.parametrize("kind", KINDS)
def test_reads_and_writes_replicas(kind: str) -> None:
    async def test(api: API) -> None:
        path = f"/{kind}"
        _, made = await api.json("POST", path, parent(kind), user_agent="maker")
        code, scale = await api.json("GET", f"{path}/w/scale")
        assert (code, scale["kind"], scale["apiVersion"]) == (200, "Scale", "autoscaling/v1")
        assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 0, "selector": "a=b"})
        shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        assert scale["metadata"] == {name: made["metadata"][name] for name in shown}
        scale["spec"]["replicas"] = 3
        code, changed = await api.json("PUT", f"{path}/w/scale", scale)
        assert (code, changed["spec"]) == (200, {"replicas": 3})
        assert (await api.call("PUT", f"{path}/w/scale", scale)).status == 409
        code, changed = await api.json("PATCH", f"{path}/w/scale", {"spec": {"replicas": None}}, content_type=MERGE)
        assert (code, changed["spec"]) == (200, {})
        assert (await api.json("GET", f"{path}/w"))[1]["spec"]["replicas"] == 0

    run(test)


def test_refusals() -> None:
    async def test(api: API) -> None:
        path = f"/{KINDS[0]}"
        await api.call("POST", path, parent(KINDS[0]))
        for body, code, text in (
            ({"metadata": {"name": "w"}, "spec": {"replicas": -1}}, 422,
             'Scale.autoscaling "w" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'),
            ({"metadata": {"name": "o"}}, 400, "the name of the object (o) does not match the name on the URL (w)"),
            ({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "w"}}, 400,
             'Deployment in version "v1" cannot be handled as a Scale: converting (v1.Deployment) to '
             "(autoscaling.Scale): unknown conversion"),
        ):
            found, error = await api.json("PUT", f"{path}/w/scale", body)
            assert (found, error["message"]) == (code, text)
        code, error = await api.json("GET", f"{path}/none/scale")
        assert (code, error["message"]) == (404, 'deployments.apps "none" not found')
        code, error = await api.json(
            "PATCH", f"{path}/none/scale", "apiVersion: autoscaling/v1\nkind: Scale\nspec: {replicas: 2}",
            content_type=APPLY, query="fieldManager=m",
        )
        assert code == 404

    run(test)


def test_ownership_moves_with_the_replicas() -> None:
    async def test(api: API) -> None:
        path = f"/{KINDS[0]}"
        await api.call("POST", path, parent(KINDS[0]), user_agent="maker")
        await api.call("PATCH", f"{path}/w/scale", {"spec": {"replicas": 2}}, content_type=MERGE, user_agent="scaler")
        managed = (await api.json("GET", f"{path}/w"))[1]["metadata"]["managedFields"]
        by_manager = {e["manager"]: e for e in managed}
        assert by_manager["scaler"]["subresource"] == "scale"
        assert by_manager["scaler"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
        assert "f:replicas" not in by_manager["maker"]["fieldsV1"]["f:spec"]

    run(test)


def test_tables() -> None:
    async def test(api: API) -> None:
        path = f"/{KINDS[0]}"
        await api.call("POST", path, parent(KINDS[0]))
        _, table = await api.json("GET", f"{path}/w/scale", accept=TABLE)
        assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
        assert table["rows"][0]["cells"][:3] == ["w", 1, 0]

    run(test)
