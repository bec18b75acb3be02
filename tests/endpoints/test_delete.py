"""DELETE of one object."""

import pytest

from tests.endpoints.support import API, MAPS, MERGE, config_map, run


def test_what_is_gone_is_told_by_a_status() -> None:
    async def test(api: API) -> None:
        _, made = await api.json("POST", MAPS, config_map("a"))
        code, answer = await api.json("DELETE", f"{MAPS}/a")
        assert (code, answer) == (200, {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]},
        })
        assert (await api.call("DELETE", f"{MAPS}/a")).status == 404
        revisions = "/apis/apps/v1/namespaces/ns/controllerrevisions"
        await api.call("POST", revisions, {"metadata": {"name": "r"}, "data": {}})
        _, answer = await api.json("DELETE", f"{revisions}/r")
        assert answer["details"]["group"] == "apps"

    run(test)


def test_some_kinds_answer_with_the_object() -> None:
    async def test(api: API) -> None:
        await api.call("POST", "/api/v1/namespaces/ns/serviceaccounts", {"metadata": {"name": "a"}})
        code, answer = await api.json("DELETE", "/api/v1/namespaces/ns/serviceaccounts/a")
        assert (code, answer["kind"]) == (200, "ServiceAccount")

    run(test)


def test_what_is_held_is_shown() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a", metadata={"name": "a", "finalizers": ["x.example.com/y"]}))
        code, held = await api.json("DELETE", f"{MAPS}/a", {"orphanDependents": False})
        assert (code, held["kind"]) == (202, "ConfigMap")
        assert held["metadata"]["deletionTimestamp"]
        await api.call("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": None}}, content_type=MERGE)
        assert (await api.call("GET", f"{MAPS}/a")).status == 404

    run(test)


@pytest.mark.parametrize(("body", "code", "text"), [
    ({"preconditions": {"uid": "other"}}, 409, "the UID in the precondition (other) does not match the UID in record"),
    ({"propagationPolicy": "Odd"}, 422, 'propagationPolicy: Unsupported value: "Odd"'),
    ({"dryRun": ["Odd"]}, 422, 'dryRun: Unsupported value: ["Odd"]: supported values: "All"'),
    ({"gracePeriodSeconds": "x"}, 400, "json: cannot unmarshal string"),
    ({"kind": "Odd", "apiVersion": "v1"}, 400, 'no kind "Odd" is registered for version "v1" in scheme '
     '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'),
    ("{", 400, "couldn't get version/kind; json parse error: "),
    ("[]", 400, "couldn't get version/kind; json parse error: "),
])
def test_options_in_the_body(body: object, code: int, text: str) -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        found, error = await api.json("DELETE", f"{MAPS}/a", body)
        assert found == code
        assert text in error["message"]
        assert (await api.call("GET", f"{MAPS}/a")).status == 200

    run(test)


def test_yaml_options_of_any_version() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        body = "kind: DeleteOptions\napiVersion: v9\ndryRun: [All]\n"
        assert (await api.call("DELETE", f"{MAPS}/a", body, content_type="application/yaml")).status == 200
        assert (await api.call("GET", f"{MAPS}/a")).status == 200

    run(test)


def test_protobuf_options() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        body = b"k8s\x00\x0a\x13\x0a\x02v1\x12\x0dDeleteOptions\x12\x05\x2a\x03All"
        protobuf = "application/vnd.kubernetes.protobuf"
        assert (await api.call("DELETE", f"{MAPS}/a", body, content_type=protobuf)).status == 200
        assert (await api.call("GET", f"{MAPS}/a")).status == 200
        assert (await api.call("DELETE", f"{MAPS}/a", b"x", content_type=protobuf)).status == 400

    run(test)
