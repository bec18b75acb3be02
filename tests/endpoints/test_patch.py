"""PATCH of an object, by every mechanism."""

import pytest

from tests.endpoints.support import API, APPLY, JSON_PATCH, MAPS, MERGE, STRATEGIC, config_map, run

ODD_KIND = 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'

#: Puts the data one level deeper, a thousand times.
DEEP = [{"op": "add", "path": "/data", "value": {}}, *[
    {"op": "add", "path": "/n", "value": {}}, {"op": "move", "from": "/data", "path": "/n/a"},
    {"op": "move", "from": "/n", "path": "/data"},
] * 1000]


@pytest.mark.parametrize(("content_type", "patch"), [
    (MERGE, {"data": {"a": None, "c": "3"}}),
    (STRATEGIC, {"data": {"a": None, "c": "3"}}),
    (JSON_PATCH, [{"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/c", "value": "3"}]),
])
def test_the_three_patches(content_type: str, patch: object) -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("x", data={"a": "1", "b": "2"}), user_agent="one/1")
        code, changed = await api.json("PATCH", f"{MAPS}/x", patch, content_type=content_type, user_agent="two/1")
        assert (code, changed["data"]) == (200, {"b": "2", "c": "3"})
        assert [e["manager"] for e in changed["metadata"]["managedFields"]] == ["one", "two"]
        code, _ = await api.json("PATCH", f"{MAPS}/none", patch, content_type=content_type)
        assert code == 404

    run(test)


@pytest.mark.parametrize(("content_type", "patch", "code", "text"), [
    (MERGE, "{", 400, "error decoding patch: unexpected end of JSON input"),
    (MERGE, "[]", 400,
     "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
    (MERGE, {"metadata": {"name": "y"}}, 400, "the name of the object (y) does not match the name on the URL (x)"),
    (MERGE, {"data": {"a": 5}}, 422,
     "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
    (MERGE, {"kind": "Secret"}, 422, ODD_KIND),
    (MERGE, {"apiVersion": "v2"}, 422, 'no kind "ConfigMap" is registered for version "v2" in scheme '
     '"pkg/api/legacyscheme/scheme.go:30"'),
    (JSON_PATCH, "{}", 400, "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
    (JSON_PATCH, [{"op": "remove", "path": "/no"}], 422,
     "the server rejected our request due to an error in our request"),
    (JSON_PATCH, DEEP, 400, "error decoding patch: exceeded max depth"),
    (STRATEGIC, "{", 400, "unexpected end of JSON input"),
    (APPLY, "data: {", 400, "error decoding YAML: error converting YAML to JSON: yaml: "),
    (APPLY, "{}", 400, "invalid object type: /, Kind="),
])
def test_patches_that_cannot_be(content_type: str, patch: object, code: int, text: str) -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("x"))
        query = "fieldManager=m" if content_type == APPLY else ""
        found, error = await api.json("PATCH", f"{MAPS}/x", patch, content_type=content_type, query=query)
        assert found == code
        assert text in error["message"]
        if found == 422 and error["details"]:
            assert error["message"].startswith(' "" is invalid: patch: Invalid value: ')
            assert "kind" not in error["details"]

    run(test)


def test_field_validation() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("x"))
        code, error = await api.json(
            "PATCH", f"{MAPS}/x", {"odd": 1}, content_type=STRATEGIC, query="fieldValidation=Strict"
        )
        assert (code, error["message"]) == (
            422, ' "" is invalid: patch: Invalid value: "map[odd:1]": strict decoding error: unknown field "odd"'
        )
        twice = '{"data":{"k":"1","k":"2"}}'
        await api.call("PATCH", f"{MAPS}/x", twice, content_type=MERGE)
        assert api.warnings == ['duplicate field "data.k"']
        patch = [{"op": "add", "path": "/data/j", "value": "1", "extra": 2}]
        await api.call("PATCH", f"{MAPS}/x", patch, content_type=JSON_PATCH)
        assert api.warnings == ['json patch unknown field "[0].extra"']
        await api.call("PATCH", f"{MAPS}/x", patch, content_type=JSON_PATCH, query="fieldValidation=Ignore")
        assert api.warnings == []
        apply = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {s: t, s: u}\n"
        await api.call("PATCH", f"{MAPS}/x", apply, content_type=APPLY, query="fieldManager=m")
        assert api.warnings == ['line 4: key "s" already set in map']
        code, error = await api.json(
            "PATCH", f"{MAPS}/x", apply, content_type=APPLY, query="fieldManager=m&fieldValidation=Strict"
        )
        assert error["message"].startswith(
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 4:"
        )

    run(test)


def test_apply_creates_owns_and_conflicts() -> None:
    async def test(api: API) -> None:
        def body(value: str) -> str:
            return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{k: '{value}'}}\n"

        code, made = await api.json("PATCH", f"{MAPS}/x", body("1"), content_type=APPLY, query="fieldManager=a")
        assert (code, made["data"]) == (201, {"k": "1"})
        assert made["metadata"]["managedFields"][0]["operation"] == "Apply"
        code, error = await api.json("PATCH", f"{MAPS}/x", body("2"), content_type=APPLY, query="fieldManager=b")
        assert (code, error["message"]) == (409, 'Apply failed with 1 conflict: conflict with "a": .data.k')
        code, forced = await api.json(
            "PATCH", f"{MAPS}/x", body("2"), content_type=APPLY, query="fieldManager=b&force=true"
        )
        assert (code, forced["data"]) == (200, {"k": "2"})
        code, error = await api.json("PATCH", f"{MAPS}/x", body("2"), content_type=APPLY)
        assert (code, error["details"]["kind"]) == (422, "PatchOptions")
        with_uid = body("1").replace("name: x", "name: z, uid: u")
        code, error = await api.json("PATCH", f"{MAPS}/z", with_uid, content_type=APPLY, query="fieldManager=a")
        assert (code, error["message"]) == (
            409, 'Operation cannot be fulfilled on configmaps "z": uid mismatch: the provided object specified uid u, '
            "and no existing object was found",
        )

    run(test)


def test_dry_run_and_resource_versions() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("x"))
        code, shown = await api.json("PATCH", f"{MAPS}/x", {"data": {"k": "v"}}, content_type=MERGE, query="dryRun=All")
        assert (code, shown["data"]) == (200, {"k": "v"})
        assert "data" not in (await api.json("GET", f"{MAPS}/x"))[1]
        code, _ = await api.json("PATCH", f"{MAPS}/x", {"metadata": {"resourceVersion": "1"}}, content_type=MERGE)
        assert code == 409

    run(test)


def test_content_types_the_router_does_not_know() -> None:
    async def test(api: API) -> None:
        code, error = await api.json("PATCH", f"{MAPS}/x", "{}", content_type="application/json")
        assert (code, error["message"], error["details"]) == (415, "415: Unsupported Media Type", {})
        code, error = await api.json("PATCH", f"{MAPS}/x")
        assert (code, error["message"]) == (415, "415: Unsupported Media Type\n\nAvailable representations: ")

    run(test)


def test_defaults_come_back_after_a_patch() -> None:
    async def test(api: API) -> None:
        path = "/apis/apps/v1/namespaces/ns/deployments"
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        await api.call("POST", path, {
            "metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
        })
        for content_type in (MERGE, STRATEGIC):
            _, changed = await api.json("PATCH", f"{path}/d", {"spec": {"strategy": None}}, content_type=content_type)
            assert changed["spec"]["strategy"]["type"] == "RollingUpdate"

    run(test)
