"""Definitions become routes, follow changes and go."""

import asyncio

import orjson

from pilothouse.apimachinery.http import StreamResponse
from pilothouse.storage.sqlite import SQLiteBackend
from tests.apiextensions.support import (
    DEFINITIONS,
    MERGE,
    ROOT,
    WIDGETS,
    CustomAPI,
    custom_api,
    definition,
    run,
    version,
    widget,
)
from tests.endpoints.support import events


def test_established_means_served() -> None:
    async def test(api: CustomAPI) -> None:
        assert (await api.call("GET", WIDGETS)).status == 404
        await api.define(definition())
        made = await api.ok("POST", WIDGETS, widget())
        assert list(made) == ["apiVersion", "kind", "metadata", "spec"]
        assert made["spec"] == {"color": "red", "size": 3}
        assert list(made["metadata"]) == [
            "creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "uid",
        ]
        assert await api.ok("GET", f"{WIDGETS}/a") == made
        listed = await api.ok("GET", WIDGETS)
        assert list(listed) == ["apiVersion", "items", "kind", "metadata"]
        assert (listed["kind"], listed["items"]) == ("WidgetList", [made])
        assert listed["metadata"]["continue"] == ""

    run(test)


def test_discovery_shows_established_definitions() -> None:
    async def test(api: CustomAPI) -> None:
        scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
        names = {"shortNames": ["wd"], "categories": ["all"]}
        await api.define(definition(version(subresources={"status": {}, "scale": scale}), names=names))
        listed = await api.ok("GET", ROOT)
        assert [(r["name"], r["kind"]) for r in listed["resources"]] == [
            ("widgets", "Widget"), ("widgets/status", "Widget"), ("widgets/scale", "Scale"),
        ]
        assert listed["resources"][0]["shortNames"] == ["wd"]
        aggregated = orjson.loads(api.server.config.discovery.encoded().by_version["v2"])
        assert [g["metadata"]["name"] for g in aggregated["items"]] == ["example.com"]

    run(test)


def test_a_version_that_is_not_served_is_not_there() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(version(), {**version("v2", storage=False), "served": False}))
        assert (await api.call("GET", WIDGETS.replace("/v1/", "/v2/"))).status == 404
        assert (await api.call("GET", f"{ROOT}/gadgets")).status == 404

    run(test)


def test_scope_decides_about_paths() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(scope="Cluster"))
        assert (await api.call("POST", WIDGETS, widget())).status == 404
        await api.ok("POST", f"{ROOT}/widgets", widget())
        await api.define(definition(plural="gadgets", kind="Gadget"))
        assert (await api.call("DELETE", f"{ROOT}/gadgets")).status == 404
        assert (await api.call("GET", f"{ROOT}/gadgets")).status == 200

    run(test)


def test_what_is_not_supported() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        await api.ok("POST", WIDGETS, widget())
        code, body = await api.json("GET", f"{WIDGETS}/a/status")
        assert (code, body["message"]) == (404, 'widgets.example.com "a" not found')
        code, body = await api.json(
            "PATCH", f"{WIDGETS}/a", {}, content_type="application/strategic-merge-patch+json"
        )
        assert code == 415
        assert body["message"] == (
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        )
        assert (await api.call("GET", f"{WIDGETS}/a", accept="application/vnd.kubernetes.protobuf")).status == 406
        code, _ = await api.json("POST", f"{WIDGETS}/a/status", {})
        assert code == 404

    run(test)


def test_watches_end_when_the_definition_changes_or_goes() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        await api.ok("POST", WIDGETS, widget())
        stream = await api.call("GET", WIDGETS, query="watch=1")
        assert isinstance(stream, StreamResponse)
        first = orjson.loads(await anext(stream.stream))
        assert (first["type"], first["object"]["kind"]) == ("ADDED", "Widget")

        def allow_more(obj: dict[str, object]) -> None:
            obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"] = {  # type: ignore[index]
                "type": "integer", "maximum": 100,
            }

        code, body = await api.change("widgets.example.com", allow_more)
        assert code == 200, body
        assert [chunk async for chunk in stream.stream] == []
        await api.ok("POST", WIDGETS, widget("b", {"size": 50}))
        seen = first["object"]["metadata"]["resourceVersion"]
        again = await api.call("GET", WIDGETS, query=f"watch=1&resourceVersion={seen}")
        found = await events(again, 1)
        assert [event["object"]["metadata"]["name"] for event in found] == ["b"]

    run(test)


def test_a_deleted_definition_takes_its_instances_along() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        await api.ok("POST", WIDGETS, widget())
        held = widget("held", metadata={"name": "held", "finalizers": ["example.com/hold"]})
        await api.ok("POST", WIDGETS, held)
        await api.ok("DELETE", f"{DEFINITIONS}/widgets.example.com")

        def deleting(found: dict[str, object] | None) -> bool:
            return "InstanceDeletionInProgress" in str(found)

        await api.until("widgets.example.com", deleting)
        code, body = await api.json("POST", WIDGETS, widget("late"))
        assert code == 403
        assert body["message"] == (
            'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is '
            "terminating"
        )
        async with asyncio.timeout(5):
            while (await api.call("GET", f"{WIDGETS}/a")).status != 404:
                await asyncio.sleep(0)
        verbs = (await api.ok("GET", ROOT))["resources"][0]["verbs"]
        assert "create" not in verbs and "delete" in verbs
        await api.ok("PATCH", f"{WIDGETS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
        await api.until("widgets.example.com", lambda found: found is None)
        assert (await api.call("GET", WIDGETS)).status == 404
        await api.define(definition())
        assert (await api.ok("GET", WIDGETS))["items"] == []

    run(test)


def test_a_restart_serves_what_was_stored(tmp_path: object) -> None:
    path = tmp_path / "store.db"  # type: ignore[operator]

    async def test() -> None:
        async with custom_api(SQLiteBackend(path)) as api:
            await api.define(definition())
            made = await api.ok("POST", WIDGETS, widget())
        async with custom_api(SQLiteBackend(path)) as api:
            assert await api.ok("GET", f"{WIDGETS}/a") == made
            await api.ok("PUT", f"{WIDGETS}/a", made)
            assert await api.ok("GET", f"{WIDGETS}/a") == made

    asyncio.run(test())


def test_much_is_loaded_before_somebody_asks(tmp_path: object) -> None:
    path = tmp_path / "store.db"  # type: ignore[operator]

    async def test() -> None:
        async with custom_api(SQLiteBackend(path)) as api:
            await api.define(definition())
            await api.define(definition(plural="gadgets", kind="Gadget"))
            for n in range(201):
                await api.ok("POST", WIDGETS, widget(f"w{n}"))
            await api.ok("POST", WIDGETS.replace("widgets", "gadgets"), {**widget(), "kind": "Gadget"})
        async with custom_api(SQLiteBackend(path)) as api:
            await api.definitions.load()
            assert "/registry/example.com/widgets/" in {cacher.prefix for cacher in api.storage.cachers}
            assert "/registry/example.com/gadgets/" not in {cacher.prefix for cacher in api.storage.cachers}
            assert len((await api.ok("GET", WIDGETS))["items"]) == 201

    asyncio.run(test())


def test_names_of_others_are_refused_until_they_are_free() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition(names={"shortNames": ["wd"]}))
        other = definition(plural="gadgets", kind="Widget", names={"shortNames": ["wd"]})
        await api.ok("POST", DEFINITIONS, other)

        def refused(found: dict[str, object] | None) -> bool:
            return "ListKindConflict" in str(found)

        found = await api.until("gadgets.example.com", refused)
        assert found is not None
        assert found["status"]["acceptedNames"]["plural"] == "gadgets"
        conditions = {c["type"]: (c["status"], c["reason"], c["message"]) for c in found["status"]["conditions"]}
        assert conditions["NamesAccepted"] == ("False", "ListKindConflict", '"WidgetList" is already in use')
        assert conditions["Established"] == ("False", "NotAccepted", "not all names are accepted")
        assert (await api.call("GET", f"{ROOT}/gadgets")).status == 404
        await api.ok("DELETE", f"{DEFINITIONS}/widgets.example.com")
        await api.until("gadgets.example.com", lambda crd: "InitialNamesAccepted" in str(crd))
        assert (await api.call("GET", f"{ROOT}/gadgets")).status == 200

    run(test)


def test_groups_of_the_community_need_an_approval() -> None:
    async def test(api: CustomAPI) -> None:
        obj = definition()
        obj["metadata"] = {
            "name": "widgets.tests.k8s.io", "annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
        }
        obj["spec"]["group"] = "tests.k8s.io"
        await api.define(obj)
        found = await api.until("widgets.tests.k8s.io", lambda crd: "UnapprovedAnnotation" in str(crd))
        assert found is not None
        assert found["status"]["conditions"][0]["message"] == 'not approved: "unapproved, a test"'

    run(test)


def test_each_definition_has_a_watch_cache_of_its_own() -> None:
    async def test(api: CustomAPI) -> None:
        await api.define(definition())
        await api.define(definition(plural="gadgets", kind="Gadget"))
        await api.ok("POST", WIDGETS, widget())
        await api.ok("POST", WIDGETS.replace("widgets", "gadgets"), {**widget(), "kind": "Gadget"})
        assert {c.prefix for c in api.storage.cachers if "example.com" in c.prefix} == {
            "/registry/example.com/widgets/", "/registry/example.com/gadgets/",
        }
        await api.ok("DELETE", f"{DEFINITIONS}/widgets.example.com")
        await api.until("widgets.example.com", lambda found: found is None)
        assert len((await api.ok("GET", f"{ROOT}/gadgets"))["items"]) == 1

    run(test)


def test_what_would_be_stored_among_built_in_objects_is_not_served() -> None:
    async def test(api: CustomAPI) -> None:
        obj = definition(plural="apiservices", kind="APIService")
        obj["metadata"] = {
            "name": "apiservices.apiregistration.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
        }
        obj["spec"]["group"] = "apiregistration.k8s.io"
        obj["spec"]["versions"][0]["name"] = "v9"
        await api.define(obj)
        path = "/apis/apiregistration.k8s.io/v9/namespaces/ns/apiservices"
        assert (await api.call("GET", path)).status == 404
        await api.ok("DELETE", f"{DEFINITIONS}/apiservices.apiregistration.k8s.io")
        await api.until("apiservices.apiregistration.k8s.io", lambda found: found is None)
        assert (await api.call("GET", "/apis/apiregistration.k8s.io/v1/apiservices")).status == 200

    run(test)
