import asyncio
from typing import Any

import pytest

from pilothouse.apimachinery import field
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.rest import DeleteOptions, Object, Resource, Strategy, WriteOptions
from pilothouse.registry.store import Store, decode
from pilothouse.storage.interface import Item
from tests.registry.support import NOW_TEXT, Clock, config_maps, context, run, updating

OPTIONS = WriteOptions()
DRY = WriteOptions(dry_run=True)


async def create(store: Store, name: str = "a", **obj: Any) -> Item:
    metadata = {"name": name, **obj.pop("metadata", {})}
    return await store.create(context(), "ns", {"metadata": metadata, **obj}, OPTIONS)


async def refused(awaitable: Any) -> StatusError:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value


# create


def test_create_fills_metadata_in_go_order() -> None:
    async def test(store: Store) -> None:
        metadata = {
            "labels": {"x": "y"}, "name": "self", "selfLink": "/x", "generation": 7, "uid": "u",
            "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "2020-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 5, "annotations": {},
        }
        item = await store.create(context(), "ns", {"metadata": metadata, "data": {"k": "v"}}, OPTIONS)
        stored = decode(item)["metadata"]
        assert list(stored) == [
            "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "labels"
        ]
        assert stored["generation"] == 7
        assert stored["creationTimestamp"] == NOW_TEXT
        assert stored["resourceVersion"] == str(item.revision)
        assert len(stored["uid"]) == 36
        assert item.fields == {"metadata.name": "self", "metadata.namespace": "ns"}
        assert item.labels == {"x": "y"}

    run(test)


def test_create_twice() -> None:
    async def test(store: Store) -> None:
        await create(store)
        error = await refused(create(store))
        assert (error.code, error.reason, error.message) == (409, "AlreadyExists", 'configmaps "a" already exists')

    run(test)


def test_create_in_place_of_a_terminating_object() -> None:
    async def test(store: Store) -> None:
        await create(store, metadata={"finalizers": ["a.b/c"]})
        await store.delete(context(), "ns", "a", DeleteOptions())
        error = await refused(create(store))
        assert error.message == 'object is being deleted: configmaps "a" already exists'

    run(test)


def test_create_wants_a_name() -> None:
    async def test(store: Store) -> None:
        error = await refused(store.create(context(), "ns", {}, OPTIONS))
        text = "Required value: name or generateName is required"
        assert error.message == f'ConfigMap "" is invalid: metadata.name: {text}'
        assert error.details == {
            "kind": "ConfigMap",
            "causes": [{"reason": "FieldValueRequired", "message": text, "field": "metadata.name"}],
        }

    run(test)


def test_create_refuses_another_namespace_and_a_version() -> None:
    async def test(store: Store) -> None:
        error = await refused(create(store, metadata={"namespace": "other"}))
        assert (error.code, error.message) == (
            400, "the namespace of the provided object does not match the namespace sent on the request"
        )
        error = await refused(create(store, metadata={"resourceVersion": "5"}))
        assert (error.code, error.reason) == (500, "")
        assert error.message == "resourceVersion should not be set on objects to be created"
        await create(store, metadata={"resourceVersion": "0"})

    run(test)


def test_generate_name_and_its_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(store: Store) -> None:
        base = "x" * 70
        item = await store.create(context(), "ns", {"metadata": {"generateName": base}}, OPTIONS)
        name = item.fields["metadata.name"]
        assert len(name) == 63
        assert decode(item)["metadata"]["generateName"] == base
        names = iter(["gen-a"] * 8 + ["gen-b"])
        monkeypatch.setattr("pilothouse.registry.store.generate_name", lambda base: next(names))
        await create(store, "gen-a")
        error = await refused(store.create(context(), "ns", {"metadata": {"generateName": "gen-"}}, OPTIONS))
        assert error.message == (
            'configmaps "gen-a" already exists, the server was not able to generate a unique name for the object'
        )
        assert error.details == {"name": "gen-a", "kind": "configmaps", "retryAfterSeconds": 1}
        await store.create(context(), "ns", {"metadata": {"generateName": "gen-"}}, OPTIONS)
        assert store.cacher.get(store.key("ns", "gen-b")) is not None

    run(test)


def test_dry_run_create_stores_nothing_and_has_no_version() -> None:
    async def test(store: Store) -> None:
        item = await store.create(context(), "ns", {"metadata": {"name": "a"}}, DRY)
        assert "resourceVersion" not in decode(item)["metadata"]
        assert store.cacher.count() == 0
        await create(store)
        assert (await refused(store.create(context(), "ns", {"metadata": {"name": "a"}}, DRY))).code == 409

    run(test)


class Described(Strategy):
    generation = True
    status_fields = ("status",)

    def __init__(self) -> None:
        self.finished: list[bool] = []

    def prepare_for_create(self, ctx: Context, obj: dict[str, Any]) -> None:
        obj["status"]["phase"] = "New"

    def validate(self, ctx: Context, obj: dict[str, Any]) -> list[field.Error]:
        return [] if "spec" in obj else [field.required("spec")]

    def warnings_on_create(self, ctx: Context, obj: dict[str, Any]) -> list[str]:
        return ["mind the gap"]

    async def begin_create(self, ctx: Context, obj: dict[str, Any], dry_run: bool) -> Any:
        async def finish(done: bool) -> None:
            self.finished.append(done)

        return finish


def test_create_runs_the_strategy() -> None:
    strategy = Described()

    async def test(store: Store) -> None:
        ctx = context()
        item = await store.create(ctx, "ns", {"metadata": {"name": "a"}, "spec": {}, "status": {"x": 1}}, OPTIONS)
        assert decode(item)["status"] == {"replicas": 0, "phase": "New"}
        assert decode(item)["metadata"]["generation"] == 1
        assert ctx.warnings == ["mind the gap"]
        error = await refused(store.create(ctx, "ns", {"metadata": {"name": "B"}}, OPTIONS))
        assert error.details is not None
        assert [c["field"] for c in error.details["causes"]] == ["metadata.name", "spec"]
        assert strategy.finished == [True, False]

    run(test, config_maps(strategy), zero={"status": {"replicas": 0}})


def test_validating_admission_sees_the_object_and_can_refuse() -> None:
    async def test(store: Store) -> None:
        seen: list[Any] = []

        async def validate(obj: Any, old: Any) -> None:
            seen.append((obj["metadata"]["name"], old))
            raise StatusError(403, "Forbidden", "no")

        error = await refused(store.create(context(), "ns", {"metadata": {"name": "a"}}, OPTIONS, validate=validate))
        assert error.message == "no"
        assert seen == [("a", None)]
        assert store.cacher.count() == 0

    run(test)


# get


def test_get() -> None:
    async def test(store: Store) -> None:
        item = await create(store)
        assert await store.get(context(), "ns", "a") is item
        assert await store.get(context(), "ns", "a", "0") is item
        assert await store.get(context(), "ns", "a", str(item.revision)) is item
        error = await refused(store.get(context(), "ns", "b"))
        assert (error.code, error.message) == (404, 'configmaps "b" not found')
        error = await refused(store.get(context(), "ns", "a", "abc"))
        assert (error.code, error.reason) == (500, "")
        assert error.message == (
            'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'
        )
        error = await refused(store.get(context(), "ns", "a%"))
        assert error.message == "Name parameter invalid: \"a%\": may not contain '%'"

    run(test)


# update


def test_update_and_its_conflicts() -> None:
    async def test(store: Store) -> None:
        first = await create(store)
        second, created = await store.update(context(), "ns", "a", updating(data={"v": "1"}), OPTIONS)
        assert not created
        assert second.revision > first.revision
        stale = updating(data={"v": "2"}, metadata={"resourceVersion": str(first.revision)})
        error = await refused(store.update(context(), "ns", "a", stale, OPTIONS))
        assert error.message == (
            'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes '
            "to the latest version and try again"
        )
        bad = updating(metadata={"resourceVersion": "abc"})
        error = await refused(store.update(context(), "ns", "a", bad, OPTIONS))
        assert (error.code, error.message) == (500, 'strconv.ParseUint: parsing "abc": invalid syntax')
        unconditional = updating(data={"v": "3"}, metadata={"resourceVersion": "0", "uid": ""})
        third, _ = await store.update(context(), "ns", "a", unconditional, OPTIONS)
        assert decode(third)["metadata"]["uid"] == decode(first)["metadata"]["uid"]

    run(test)


def test_update_that_changes_nothing_keeps_the_version() -> None:
    async def test(store: Store) -> None:
        managed = [{"manager": "m", "operation": "Update", "time": "2020-01-01T00:00:00Z"}]
        first = await create(store, data={"k": "v"}, metadata={"managedFields": managed})
        later = [{**managed[0], "time": "2021-01-01T00:00:00Z"}]
        same, _ = await store.update(
            context(), "ns", "a", updating(metadata={"managedFields": later, "labels": {}, "finalizers": None}), OPTIONS
        )
        assert same is first
        changed, _ = await store.update(
            context(), "ns", "a", updating(metadata={"managedFields": later}, data={}), OPTIONS
        )
        assert decode(changed)["metadata"]["managedFields"] == later

    run(test)


def test_update_refuses_by_uid() -> None:
    async def test(store: Store) -> None:
        have = decode(await create(store))["metadata"]["uid"]
        error = await refused(store.update(context(), "ns", "a", updating(), OPTIONS, uid="other"))
        assert error.code == 409
        assert error.message == (
            'Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: '
            "/registry/configmaps/ns/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
            f"precondition: other, UID in object meta: {have}"
        )

    run(test)


def test_immutable_metadata_is_named_once_in_the_message_and_twice_in_the_causes() -> None:
    async def test(store: Store) -> None:
        await create(store)
        error = await refused(store.update(context(), "ns", "a", updating(metadata={"uid": "x"}), OPTIONS))
        assert error.message == 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable'
        assert error.details is not None
        assert len(error.details["causes"]) == 2
        bad = updating(metadata={"labels": {"bad label": "x"}})
        error = await refused(store.update(context(), "ns", "a", bad, OPTIONS))
        assert error.details is not None
        assert len(error.details["causes"]) == 4

    run(test)


def test_an_update_checks_the_prefix_of_names_as_the_kind_does() -> None:
    async def test(store: Store) -> None:
        await create(store)
        error = await refused(store.update(context(), "ns", "a", updating(metadata={"generateName": "A_"}), OPTIONS))
        assert error.details is not None
        assert [cause["field"] for cause in error.details["causes"]] == ["metadata.generateName"]

    run(test)


def test_metadata_that_a_status_update_takes_back_is_not_looked_at() -> None:
    class Keeping(Strategy):
        status_fields = ("status",)

        def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
            obj["metadata"] = dict(old["metadata"])

    async def test(store: Store) -> None:
        await create(store)
        bad = updating(metadata={"labels": {"bad label": "x"}}, status={"x": 1})
        item, _ = await store.update(context(), "ns", "a", bad, OPTIONS, subresource="status")
        assert "labels" not in decode(item)["metadata"]

    run(test, config_maps(Keeping()))


def test_events_tell_what_is_wrong_with_them_before_their_metadata() -> None:
    class Wrong(Strategy):
        def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
            return [field.required("x")] if obj.get("data") else []

    async def test(store: Store) -> None:
        bad = {"metadata": {"name": "a", "labels": {"bad label": "x"}}}
        for fields, wanted in (({"data": {"a": "b"}}, "x"), ({}, "metadata.labels")):
            error = await refused(store.create(context(), "ns", {**bad, **fields}, OPTIONS))
            assert error.details is not None
            assert [cause["field"] for cause in error.details["causes"]] == [wanted]

    events = Resource(
        group="", version="v1", kind="Event", name="events", singular="event", namespaced=True, strategy=Wrong(),
        storage_prefix="events",
    )
    run(test, events)


def test_conditional_kinds_want_a_version() -> None:
    class Conditional(Strategy):
        allow_unconditional_update = False

    async def test(store: Store) -> None:
        await create(store)
        error = await refused(store.update(context(), "ns", "a", updating(metadata={"resourceVersion": None}), OPTIONS))
        assert (error.code, error.message) == (
            422,
            'configmaps "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        )

    run(test, config_maps(Conditional()))


def test_status_and_spec_are_kept_apart() -> None:
    async def test(store: Store) -> None:
        await store.create(context(), "ns", {"metadata": {"name": "a"}, "spec": {"n": 1}}, OPTIONS)
        main = updating(spec={"n": 2}, status={"x": 1})
        item, _ = await store.update(context(), "ns", "a", main, OPTIONS)
        obj = decode(item)
        assert (obj["spec"], obj["status"]) == ({"n": 2}, {"phase": "New"})
        assert obj["metadata"]["generation"] == 2
        both = updating(spec={"n": 3}, status={"x": 1}, metadata={"labels": {"a": "b"}})
        item, _ = await store.update(context(), "ns", "a", both, OPTIONS, subresource="status")
        obj = decode(item)
        assert (obj["spec"], obj["status"]) == ({"n": 2}, {"x": 1})
        assert obj["metadata"]["generation"] == 2
        assert obj["metadata"]["labels"] == {"a": "b"}
        assert list(obj) == ["metadata", "spec", "status"]

    run(test, config_maps(Described()), zero={"status": {}})


def test_update_retries_after_a_race() -> None:
    async def test(store: Store) -> None:
        await create(store, data={"n": "0"})

        async def increment(obj: dict[str, Any]) -> dict[str, Any]:
            n = int(obj["data"]["n"])
            await asyncio.sleep(0)
            obj["data"]["n"] = str(n + 1)
            return obj

        await asyncio.gather(*(store.update(context(), "ns", "a", increment, OPTIONS) for _ in range(5)))
        assert decode(await store.get(context(), "ns", "a"))["data"]["n"] == "5"

    run(test)


def test_create_on_update() -> None:
    async def test(store: Store) -> None:
        new = updating(metadata={"name": "a"})
        assert (await refused(store.update(context(), "ns", "a", new, OPTIONS))).code == 404
        item, created = await store.update(context(), "ns", "a", new, OPTIONS, create_on_missing=True)
        assert created
        assert decode(item)["metadata"]["creationTimestamp"] == NOW_TEXT

    run(test)


def test_dry_run_update_stores_nothing() -> None:
    async def test(store: Store) -> None:
        first = await create(store)
        item, _ = await store.update(context(), "ns", "a", updating(data={"v": "1"}), DRY)
        assert decode(item)["data"] == {"v": "1"}
        assert decode(item)["metadata"]["resourceVersion"] == str(first.revision)
        assert await store.get(context(), "ns", "a") is first

    run(test)


# delete


def test_delete_at_once() -> None:
    async def test(store: Store) -> None:
        first = await create(store)
        item, gone = await store.delete(context(), "ns", "a", DeleteOptions(dry_run=True))
        assert gone
        assert item is first
        item, gone = await store.delete(context(), "ns", "a", DeleteOptions())
        assert gone
        assert item.revision > first.revision
        assert (await refused(store.delete(context(), "ns", "a", DeleteOptions()))).code == 404

    run(test)


def test_delete_preconditions() -> None:
    async def test(store: Store) -> None:
        item = await create(store)
        uid = decode(item)["metadata"]["uid"]
        error = await refused(store.delete(context(), "ns", "a", DeleteOptions(resource_version="1")))
        assert error.message == (
            'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition (1) does not '
            f"match the ResourceVersion in record ({item.revision}). The object might have been modified"
        )
        assert error.details == {"name": "a", "kind": "ConfigMap"}
        error = await refused(store.delete(context(), "ns", "a", DeleteOptions(uid="x")))
        assert error.message == (
            f'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (x) does not match the UID '
            f"in record ({uid}). The object might have been deleted and then recreated"
        )

    run(test)


def test_finalizers_hold_a_deleted_object() -> None:
    async def test(store: Store) -> None:
        await create(store, metadata={"generation": 3})
        item, gone = await store.delete(context(), "ns", "a", DeleteOptions(propagation_policy="Orphan"))
        assert not gone
        metadata = decode(item)["metadata"]
        assert metadata["finalizers"] == ["orphan"]
        assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == (NOW_TEXT, 0)
        assert metadata["generation"] == 4
        again, gone = await store.delete(context(), "ns", "a", DeleteOptions(propagation_policy="Foreground"))
        assert not gone
        assert decode(again)["metadata"]["finalizers"] == ["foregroundDeletion"]
        assert decode(again)["metadata"]["generation"] == 4
        same, _ = await store.delete(context(), "ns", "a", DeleteOptions())
        assert same is again
        more = updating(metadata={"finalizers": ["foregroundDeletion", "x.example.com/y"]})
        error = await refused(store.update(context(), "ns", "a", more, OPTIONS))
        assert error.message == (
            'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is '
            'being deleted, found new finalizers []string{"x.example.com/y"}'
        )
        last, _ = await store.update(context(), "ns", "a", updating(metadata={"finalizers": None}), OPTIONS)
        assert decode(last)["metadata"]["resourceVersion"] == str(again.revision)
        assert "finalizers" not in decode(last)["metadata"]
        assert (await refused(store.get(context(), "ns", "a"))).code == 404

    run(test)


class Graceful(Strategy):
    graceful = True
    generation = True

    def check_graceful_delete(self, ctx: Context, obj: dict[str, Any], options: DeleteOptions) -> int | None:
        return 40 if options.grace_period_seconds is None else options.grace_period_seconds


def test_grace_period() -> None:
    clock = Clock()

    async def test(store: Store) -> None:
        await create(store)
        first, gone = await store.delete(context(), "ns", "a", DeleteOptions())
        assert not gone
        metadata = decode(first)["metadata"]
        assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2023-11-14T22:14:00Z", 40)
        assert metadata["generation"] == 2
        assert (await store.delete(context(), "ns", "a", DeleteOptions()))[0] is first
        assert (await store.delete(context(), "ns", "a", DeleteOptions(grace_period_seconds=50)))[0] is first
        shorter, gone = await store.delete(context(), "ns", "a", DeleteOptions(grace_period_seconds=10))
        assert not gone
        metadata = decode(shorter)["metadata"]
        assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2023-11-14T22:13:30Z", 10)
        clock.now += 30
        late, _ = await store.delete(context(), "ns", "a", DeleteOptions(grace_period_seconds=5))
        metadata = decode(late)["metadata"]
        assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2023-11-14T22:13:50Z", 1)
        last, gone = await store.delete(context(), "ns", "a", DeleteOptions(grace_period_seconds=0))
        assert gone
        assert decode(last)["metadata"]["deletionGracePeriodSeconds"] == 0
        await create(store)
        negative, _ = await store.delete(context(), "ns", "a", DeleteOptions(grace_period_seconds=-1))
        assert decode(negative)["metadata"]["deletionGracePeriodSeconds"] == 1

    run(test, config_maps(Graceful()), clock)


class Terminating(Strategy):
    terminates = True
    subresource_strategies = {"finalize": Strategy()}  # noqa: RUF012

    def start_termination(self, ctx: Context, obj: dict[str, Any]) -> None:
        obj["phase"] = "Terminating"

    def emptied(self, obj: dict[str, Any]) -> bool:
        return not obj.get("holds")


def test_kinds_that_terminate() -> None:
    async def test(store: Store) -> None:
        await create(store, holds=True)
        error = await refused(store.delete(context(), "ns", "a", DeleteOptions(uid="x")))
        assert error.message.startswith(
            'Operation cannot be fulfilled on configmaps "a": Precondition failed: UID in precondition: x, UID in'
        )
        first, gone = await store.delete(context(), "ns", "a", DeleteOptions())
        assert not gone
        assert decode(first)["phase"] == "Terminating"
        assert "deletionGracePeriodSeconds" not in decode(first)["metadata"]
        assert await store.delete(context(), "ns", "a", DeleteOptions()) == (first, False)
        await store.update(context(), "ns", "a", updating(holds=False), OPTIONS, subresource="finalize")
        assert (await refused(store.get(context(), "ns", "a"))).code == 404

    run(test, config_maps(Terminating()))


def test_delete_collection_skips_what_is_gone() -> None:
    async def test(store: Store) -> None:
        items = [await create(store, name) for name in ("a", "b", "c")]
        await store.delete(context(), "ns", "b", DeleteOptions())
        seen: list[str] = []

        async def validate(obj: Any, old: Any) -> None:
            seen.append(old["metadata"]["name"])

        assert await store.delete_collection(context(), "ns", items, DeleteOptions(), validate=validate) == items
        assert seen == ["a", "c"]
        assert store.cacher.count() == 0

    run(test)


def test_errors_name_the_resource_as_the_request_does() -> None:
    async def test(store: Store) -> None:
        ctx = context()
        ctx.request_info = RequestInfo(
            is_resource_request=True, path="/", verb="get", api_group="other.io", resource="configmaps"
        )
        error = await refused(store.get(ctx, "ns", "a"))
        assert error.message == 'configmaps.other.io "a" not found'
        assert error.details == {"name": "a", "group": "other.io", "kind": "configmaps"}

    run(test)


def test_finalizers_must_be_qualified() -> None:
    async def test(store: Store) -> None:
        error = await refused(create(store, metadata={"finalizers": ["nodomain"]}))
        text = 'Invalid value: "nodomain": name is neither a standard finalizer name nor is it fully qualified'
        assert error.message == f'ConfigMap "a" is invalid: metadata.finalizers[0]: {text}'
        await create(store)
        error = await refused(store.update(
            context(), "ns", "a", updating(metadata={"finalizers": ["nodomain"]}), OPTIONS
        ))
        assert error.details is not None
        assert [c["message"] for c in error.details["causes"]] == [text, text]

    run(test)


def test_deletions_that_orphan_by_default_can_warn() -> None:
    class Orphaning(Strategy):
        default_garbage_collection_policy = "orphan"
        orphan_warning = "they stay"

    async def test(store: Store) -> None:
        items = [await create(store, name) for name in ("a", "b")]
        quiet, warned = context(), context()
        await store.delete(quiet, "ns", "a", DeleteOptions(propagation_policy="Background"))
        await store.delete_collection(warned, "ns", items, DeleteOptions())
        assert (quiet.warnings, warned.warnings) == (None, ["they stay"])

    run(test, config_maps(Orphaning()))
