"""Custom resources through every verb."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.apiextensions.support import (
    DEFINITIONS,
    MERGE,
    SPEC,
    WIDGETS,
    CustomAPI,
    definition,
    run,
    version,
    widget,
)
from tests.endpoints.support import APPLY, JSON_PATCH, PARTIAL_LIST, TABLE, events
from tests.observability.support import samples

Object = dict[str, Any]
SCALE = {
    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
WITH_SUBRESOURCES = version(subresources={"status": {}, "scale": SCALE})


def test_unknown_fields_are_pruned_and_told() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        odd = widget(spec={"size": 3, "odd": 1, "free": {"any": 1}}, extra=1)
        odd["metadata"]["strange"] = 1
        made = await api.ok("POST", WIDGETS, odd)
        assert api.warnings == [
            'unknown field "metadata.strange"', 'unknown field "extra"', 'unknown field "spec.odd"',
        ]
        assert made["spec"] == {"color": "red", "free": {"any": 1}, "size": 3}
        assert "extra" not in made
        code, body = await api.json("POST", WIDGETS, {**odd, "metadata": {"name": "b"}}, query="fieldValidation=Strict")
        assert (code, body["message"]) == (400, (
            'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "extra", '
            'unknown field "spec.odd"'
        ))
        await api.ok("POST", WIDGETS, {**odd, "metadata": {"name": "c"}}, query="fieldValidation=Ignore")
        assert api.warnings == []
        twice = b'{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"d"},"spec":{"size":1,"size":2}}'
        assert (await api.ok("POST", WIDGETS, twice))["spec"]["size"] == 2
        assert api.warnings == ['duplicate field "spec.size"']

    run(test)


@pytest.mark.parametrize(("body", "message"), [
    (b'{"apiVersion":"example.com/v1"}',
     'Widget in version "v1" cannot be handled as a Widget: Object \'Kind\' is missing in '
     '\'{"apiVersion":"example.com/v1"}\''),
    (b'{"apiVersion":"example.com/v2","kind":"Widget"}',
     "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)"),
    (b'{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"labels":{"a":1}}}',
     'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal number into Go struct field '
     "ObjectMeta.labels of type string"),
])
def test_bodies_that_cannot_be_read(body: bytes, message: str) -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        code, answer = await api.json("POST", WIDGETS, body)
        assert (code, answer["message"]) == (400, message)

    run(test)


def test_whole_numbers_are_integers() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        body = (b'{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},'
                b'"spec":{"size":3.0,"free":{"a":1e2,"b":1.5}}}')
        made = await api.call("POST", WIDGETS, body)
        assert b'"free":{"a":100,"b":1.5},"size":3}' in made.body

    run(test)


def test_what_does_not_fit_the_schema() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        code, body = await api.json("POST", WIDGETS, widget(spec={"size": 11, "color": "green", "tags": ["a", "a"]}))
        assert code == 422
        assert sorted(cause["field"] for cause in body["details"]["causes"]) == [
            "spec.color", "spec.size", "spec.tags[1]",
        ]
        code, body = await api.json("POST", WIDGETS, {**widget(), "kind": "Other"})
        assert (code, body["message"]) == (
            422, 'Other.example.com "a" is invalid: kind: Invalid value: "Other": must be Widget',
        )

    run(test)


def test_updates_need_a_version_and_count_generations() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        made = await api.ok("POST", WIDGETS, widget())
        code, body = await api.json("PUT", f"{WIDGETS}/a", widget())
        assert (code, body["message"]) == (422, (
            'widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an '
            "update"
        ))
        same = await api.ok("PUT", f"{WIDGETS}/a", made)
        assert same == made
        made["spec"]["size"] = 4
        changed = await api.ok("PUT", f"{WIDGETS}/a", made)
        assert changed["metadata"]["generation"] == 2
        labelled = await api.ok("PATCH", f"{WIDGETS}/a", {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
        assert labelled["metadata"]["generation"] == 2
        code, body = await api.json("PUT", f"{WIDGETS}/a", made)
        assert code == 409
        code, body = await api.json("PUT", f"{WIDGETS}/nosuch", {**made, "metadata": {"name": "nosuch"}})
        assert code == 404

    run(test)


def test_patches() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        await api.ok("POST", WIDGETS, widget(spec={"size": 3, "tags": ["x"]}))
        add = [{"op": "add", "path": "/spec/tags/-", "value": "y"}]
        assert (await api.ok("PATCH", f"{WIDGETS}/a", add, content_type=JSON_PATCH))["spec"]["tags"] == ["x", "y"]
        patched = await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"color": None, "odd": 1}}, content_type=MERGE)
        assert patched["spec"] == {"color": "red", "size": 3, "tags": ["x", "y"]}
        assert api.warnings == ['unknown field "spec.odd"']
        code, body = await api.json(
            "PATCH", f"{WIDGETS}/a", {"spec": {"odd": 1}}, content_type=MERGE, query="fieldValidation=Strict"
        )
        assert code == 422 and "strict decoding error" in body["message"]
        code, body = await api.json("PATCH", f"{WIDGETS}/a", [{"op": "remove", "path": "/kind"}],
                                    content_type=JSON_PATCH)
        assert code == 422 and "Object 'Kind' is missing" in body["message"]

    run(test)


def test_apply_owns_fields_by_the_schema() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        mine = widget(spec={"size": 3, "tags": ["x"]})
        made = await api.ok("PATCH", f"{WIDGETS}/a", mine, content_type=APPLY, query="fieldManager=mine")
        assert made["spec"] == {"color": "red", "size": 3, "tags": ["x"]}
        [entry] = made["metadata"]["managedFields"]
        assert entry["fieldsV1"] == {"f:spec": {"f:size": {}, "f:tags": {'v:"x"': {}}}}
        yours = widget(spec={"tags": ["y"]})
        merged = await api.ok("PATCH", f"{WIDGETS}/a", yours, content_type=APPLY, query="fieldManager=yours")
        assert merged["spec"]["tags"] == ["x", "y"]
        code, body = await api.json("PATCH", f"{WIDGETS}/a", widget(spec={"size": 4}), content_type=APPLY,
                                    query="fieldManager=yours")
        assert code == 409 and ".spec.size" in body["message"]
        code, body = await api.json("PATCH", f"{WIDGETS}/a", widget(spec={"odd": 4}), content_type=APPLY,
                                    query="fieldManager=yours")
        assert code == 500 and ".spec.odd: field not declared in schema" in body["message"]

    run(test)


def test_dry_runs_change_nothing() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        tried = await api.ok("POST", WIDGETS, widget(), query="dryRun=All")
        assert tried["spec"]["color"] == "red" and "resourceVersion" not in tried["metadata"]
        assert (await api.call("GET", f"{WIDGETS}/a")).status == 404
        made = await api.ok("POST", WIDGETS, widget())
        tried = await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"size": 5}}, content_type=MERGE, query="dryRun=All")
        assert tried["spec"]["size"] == 5
        await api.ok("DELETE", f"{WIDGETS}/a", query="dryRun=All")
        assert await api.ok("GET", f"{WIDGETS}/a") == made

    run(test)


def test_status_and_the_rest_are_written_apart() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(WITH_SUBRESOURCES))
        made = await api.ok("POST", WIDGETS, widget(status={"ready": True}))
        assert "status" not in made
        both = {"spec": {"size": 9}, "status": {"ready": True}, "metadata": {"labels": {"a": "b"}}}
        stated = await api.ok("PATCH", f"{WIDGETS}/a/status", both, content_type=MERGE)
        assert (stated["spec"]["size"], stated["status"]) == (3, {"ready": True})
        assert "labels" not in stated["metadata"] and stated["metadata"]["generation"] == 1
        kept = await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"size": 4}, "status": None}, content_type=MERGE)
        assert (kept["spec"]["size"], kept["status"]) == (4, {"ready": True})
        assert {entry.get("subresource") for entry in kept["metadata"]["managedFields"]} == {None, "status"}
        code, body = await api.json("PATCH", f"{WIDGETS}/a/status", {"status": {"ready": "yes"}}, content_type=MERGE)
        assert code == 422 and body["details"]["causes"][0]["field"] == "status.ready"
        code, body = await api.json("DELETE", f"{WIDGETS}/a/status")
        assert (code, body["message"]) == (405, "delete is not supported on resources of kind \"widgets.example.com\"")

    run(test)


def test_scales_by_the_definitions_paths() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(WITH_SUBRESOURCES))
        await api.ok("POST", WIDGETS, widget(spec={"size": 1, "replicas": 2}))
        await api.ok("PATCH", f"{WIDGETS}/a/status", {"status": {"replicas": 1, "selector": "a=b"}},
                     content_type=MERGE)
        scale = await api.ok("GET", f"{WIDGETS}/a/scale")
        assert (scale["kind"], scale["spec"], scale["status"]) == (
            "Scale", {"replicas": 2}, {"replicas": 1, "selector": "a=b"},
        )
        scale["spec"]["replicas"] = 4
        assert (await api.ok("PUT", f"{WIDGETS}/a/scale", scale))["spec"] == {"replicas": 4}
        assert (await api.ok("GET", f"{WIDGETS}/a"))["spec"]["replicas"] == 4
        code, body = await api.json("PUT", f"{WIDGETS}/a/scale", scale)
        assert code == 409
        code, body = await api.json("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": -1}}, content_type=MERGE)
        assert (code, body["message"]) == (422, (
            'Widget.example.com "a" is invalid: .spec.replicas: Invalid value: -1: should be a non-negative integer'
        ))
        await api.ok("POST", WIDGETS, widget("none"))
        code, body = await api.json("GET", f"{WIDGETS}/none/scale")
        assert code == 500 and 'the spec replicas field ".spec.replicas" does not exist' in body["message"]
        code, body = await api.json("PATCH", f"{WIDGETS}/none/scale", {}, content_type=MERGE)
        assert (code, body["message"]) == (400, 'the spec replicas field ".spec.replicas" cannot be empty')

    run(test)


def test_lists_in_pages_tables_and_metadata() -> None:
    async def test(api: CustomAPI) -> None:
        columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
        await api.define(definition(version(additionalPrinterColumns=columns)))
        for name in "abc":
            await api.ok("POST", WIDGETS, widget(name, metadata={"name": name, "labels": {"n": name}}))
        page = await api.ok("GET", WIDGETS, query="limit=2")
        assert page["metadata"]["remainingItemCount"] == 1
        rest = await api.ok("GET", WIDGETS, query=f"limit=2&continue={page['metadata']['continue']}")
        assert [o["metadata"]["name"] for o in (*page["items"], *rest["items"])] == ["a", "b", "c"]
        assert [o["metadata"]["name"] for o in (await api.ok("GET", WIDGETS, query="labelSelector=n+in+(a,c)"))[
            "items"]] == ["a", "c"]
        table = await api.ok("GET", WIDGETS, accept=TABLE)
        assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Size"]
        assert [row["cells"] for row in table["rows"]] == [["a", 3], ["b", 3], ["c", 3]]
        partial = await api.ok("GET", WIDGETS, accept=PARTIAL_LIST)
        assert list(partial["items"][0]["metadata"])[:2] == ["name", "namespace"]
        deleted = await api.ok("DELETE", WIDGETS, query="labelSelector=n!=b")
        assert [o["metadata"]["name"] for o in deleted["items"]] == ["a", "c"]
        assert [o["metadata"]["name"] for o in (await api.ok("GET", WIDGETS))["items"]] == ["b"]

    run(test)


def test_selectable_fields() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(version(selectableFields=[{"jsonPath": ".spec.color"}])))
        await api.ok("POST", WIDGETS, widget("a", {"size": 1, "color": "blue"}))
        await api.ok("POST", WIDGETS, widget("b"))

        async def names(selector: str) -> list[str]:
            found = await api.ok("GET", WIDGETS, query=f"fieldSelector={selector}")
            return [o["metadata"]["name"] for o in found["items"]]

        assert await names("spec.color%3Dblue") == ["a"]
        assert await names("spec.color!%3Dblue") == ["b"]
        code, body = await api.json("GET", WIDGETS, query="fieldSelector=spec.size%3D1")
        assert (code, body["message"]) == (400, "field label not supported: spec.size")

        def select_sizes(obj: Object) -> None:
            obj["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": ".spec.size"}]

        code, body = await api.change("widgets.example.com", select_sizes)
        assert code == 200, body
        assert await names("spec.size%3D1") == ["a"]
        assert await names("spec.size%3D3") == ["b"]

    run(test)


def test_versions_without_conversion() -> None:
    async def test(api: CustomAPI) -> None:
        more = {**SPEC, "properties": {**SPEC["properties"], "unit": {"type": "string", "default": "kg"}}}  # type: ignore[dict-item]
        old = version(deprecated=True)
        await api.define(definition(old, version("v2", storage=False, spec=more)))
        v2 = WIDGETS.replace("/v1/", "/v2/")
        made = await api.ok("POST", WIDGETS, widget())
        assert api.warnings == ["example.com/v1 Widget is deprecated; use example.com/v2 Widget"]
        got = await api.ok("GET", f"{v2}/a")
        assert got == {**made, "apiVersion": "example.com/v2"}
        assert api.warnings == []
        patched = await api.ok("PATCH", f"{v2}/a", {"spec": {"unit": "g"}}, content_type=MERGE)
        # v1 is what is stored, and knows no unit
        assert patched["spec"] == {"color": "red", "size": 3}

        def store_v2(obj: Object) -> None:
            obj["spec"]["versions"][0]["storage"], obj["spec"]["versions"][1]["storage"] = False, True

        code, body = await api.change("widgets.example.com", store_v2)
        assert (code, body["status"]["storedVersions"]) == (200, ["v1", "v2"])
        before = await api.ok("GET", f"{v2}/a")
        assert before["spec"] == {"color": "red", "size": 3}
        patched = await api.ok("PATCH", f"{v2}/a", {"spec": {"unit": "g"}}, content_type=MERGE)
        assert patched["spec"]["unit"] == "g"
        assert (await api.ok("GET", f"{WIDGETS}/a"))["spec"] == {"color": "red", "size": 3}
        watch = await api.call("GET", v2, query="watch=1")
        [event] = await events(watch, 1)
        assert event["object"]["apiVersion"] == "example.com/v2"

    run(test)


def test_a_write_that_changes_nothing_brings_an_object_into_the_storage_version() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(version(), version("v2", storage=False)))
        made = await api.ok("POST", WIDGETS, widget())

        def store_v2(obj: Object) -> None:
            obj["spec"]["versions"][0]["storage"], obj["spec"]["versions"][1]["storage"] = False, True

        await api.change("widgets.example.com", store_v2)
        moved = await api.ok("PUT", f"{WIDGETS}/a", made)
        assert moved["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        assert (await api.ok("PUT", f"{WIDGETS}/a", moved)) == moved
        instances = api.definitions.instances("widgets.example.com")
        assert instances is not None
        stored = instances.cacher.get("/registry/example.com/widgets/ns/a")
        assert stored is not None and orjson.loads(stored.body)["apiVersion"] == "example.com/v2"

    run(test)


def test_what_is_stored_takes_the_shape_of_a_changed_schema() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        made = await api.ok("POST", WIDGETS, widget(spec={"size": 3, "tags": ["x"], "replicas": 1}))

        def change(obj: Object) -> None:
            properties = obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
            del properties["tags"]
            properties["weight"] = {"type": "integer", "default": 7}

        code, body = await api.change("widgets.example.com", change)
        assert code == 200, body
        got = await api.ok("GET", f"{WIDGETS}/a")
        assert got["spec"] == {"color": "red", "replicas": 1, "size": 3, "weight": 7}
        assert got["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        listed = await api.ok("GET", WIDGETS)
        assert listed["items"] == [got]

    run(test)


def test_finalizers_without_a_domain_are_warned_about() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        metadata = {"name": "a", "finalizers": ["plain", "with.dots", "example.com/fine"]}
        await api.ok("POST", WIDGETS, widget(metadata=metadata))
        avoid = "to avoid accidental conflicts with other finalizer writers"
        assert api.warnings == [
            f'metadata.finalizers: "plain": prefer a domain-qualified finalizer name {avoid}',
            f'metadata.finalizers: "with.dots": prefer a domain-qualified finalizer name including a path (/) {avoid}',
        ]
        answer = await api.ok("DELETE", f"{WIDGETS}/a")
        assert answer["metadata"]["deletionTimestamp"]
        await api.ok("PATCH", f"{WIDGETS}/a", {"metadata": {"finalizers": []}}, content_type=MERGE)
        assert (await api.call("GET", f"{WIDGETS}/a")).status == 404

    run(test)


def test_names_are_generated_and_checked() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        made = await api.ok("POST", WIDGETS, widget(metadata={"generateName": "w-"}))
        assert made["metadata"]["name"].startswith("w-")
        code, body = await api.json("POST", WIDGETS, widget("Not A Name"))
        assert code == 422 and body["details"]["causes"][0]["field"] == "metadata.name"
        code, body = await api.json("POST", WIDGETS, widget(made["metadata"]["name"]))
        assert code == 409
        code, body = await api.json("POST", WIDGETS, widget(metadata={"name": "a", "namespace": "other"}))
        assert code == 400

    run(test)


def test_definitions_without_a_schema_of_metadata() -> None:
    """Objects whose fields stand before kind and apiVersion in the alphabet are written in order."""

    async def test(api: CustomAPI) -> None:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        free = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        await api.ok("POST", DEFINITIONS, definition(free))
        await api.until("widgets.example.com", lambda crd: "InitialNamesAccepted" in str(crd))
        obj = {**widget(), "A": 1, "data": {"k": "v"}}
        made = await api.ok("POST", WIDGETS, obj)
        assert list(made) == ["A", "apiVersion", "data", "kind", "metadata", "spec"]
        assert await api.ok("GET", f"{WIDGETS}/a") == made
        assert list((await api.ok("GET", WIDGETS))["items"][0]) == list(made)

    run(test)


def test_rules_that_take_long_end_like_others() -> None:
    """They begin on the loop, and are run again in a thread when they turn out to be costly."""

    async def test(api: CustomAPI) -> None:
        loops = "self.list.all(x, self.list.all(y, x + y < 1000))"
        spec = {
            "type": "object", "x-kubernetes-validations": [{"rule": loops, "message": "too much"}],
            "properties": {"list": {"type": "array", "maxItems": 100, "items": {"type": "integer"}}},
        }
        await api.define(definition(version(spec=spec)))
        await api.ok("POST", WIDGETS, widget("a", {"list": list(range(100))}))
        code, body = await api.json("POST", WIDGETS, widget("b", {"list": [1000, *range(99)]}))
        assert (code, body["message"]) == (422, 'Widget.example.com "b" is invalid: spec: Invalid value: too much')
        patched = await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"list": list(range(99))}}, content_type=MERGE)
        assert len(patched["spec"]["list"]) == 99
        code, _ = await api.json("PATCH", f"{WIDGETS}/a", {"spec": {"list": [1000] * 100}}, content_type=MERGE)
        assert code == 422

    run(test)


def test_numbers_of_any_length() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        body = (b'{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},'
                b'"spec":{"size":3,"free":{"long":100000000000000000000000000000}}}')
        made = await api.ok("POST", WIDGETS, body)
        assert made["spec"]["free"]["long"] == 1e29
        patch = b'{"spec":{"free":{"long":-99999999999999999999}}}'
        assert (await api.ok("PATCH", f"{WIDGETS}/a", patch, content_type=MERGE))["spec"]["free"]["long"] == -1e20
        code, _ = await api.json("POST", WIDGETS, body.replace(b"000000}", b"0" * 400 + b"}"))
        assert code == 400

    run(test)


def test_the_comparison_of_updates_is_timed() -> None:
    name = "apiextensions_apiserver_validation_ratcheting_seconds_count"

    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        before = samples()[name]
        await api.ok("POST", WIDGETS, widget())
        assert samples()[name] == before
        await api.ok("PATCH", f"{WIDGETS}/a", {"spec": {"size": 4}}, content_type=MERGE)
        assert samples()[name] == before + 1

    run(test)
