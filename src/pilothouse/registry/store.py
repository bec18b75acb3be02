"""The generic store: the verbs of every resource (upstream: registry/generic/registry/store.go).

A write is a loop: read the newest object, work out the new one, hand it to the storage, and begin again when
another write came between. What the loop does with objects stands in `writing` and `deletion`; what a kind
adds, in its `rest.Strategy`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import field, meta, status
from pilothouse.apimachinery.aside import aside, is_heavy
from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.equality import same
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.names import generate_name
from pilothouse.registry import deletion, preconditions, writing
from pilothouse.registry.deletion import Step
from pilothouse.registry.index import index_for
from pilothouse.registry.keys import check_key
from pilothouse.registry.rest import (
    DeleteOptions,
    Heavier,
    Object,
    Resource,
    Updater,
    Validation,
    Versions,
    WriteOptions,
)
from pilothouse.storage.interface import Cacher, Conflict, Future, Item, KeyExists

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

#: How often a create with generateName tries another name (upstream: maxNameGenerationCreateAttempts).
GENERATE_NAME_ATTEMPTS = 8
_NO_ZERO: Mapping[str, Any] = {}


def decode(item: Item) -> Object:
    """A fresh object, without kind and apiVersion, of what `item` holds."""
    obj: Object = orjson.loads(item.body)
    return obj


class Store:
    """`rest.Storage` of one resource over its cacher.

    `zero` holds, for each of the strategy's status fields that Go always writes, its zero value (a Deployment's
    status is `{}`, a PodDisruptionBudget's `{"disruptionsAllowed": 0, …}`). `served` are all resources that show
    this store's objects, each in its version, where there are more than `resource` (the storage version).

    `normal` gives a new object in the form in which it is stored: Go's order of fields, and no empty list or map
    where Go writes null. A new object takes it last. An update takes it first too, since what strategies compare
    with the old object must not differ in that.

    `versions` stands between `resource` and what is stored where the items themselves say in which version they are:
    a write that changes nothing may still bring an object into the version of today.
    """

    def __init__(
        self, resource: Resource, cacher: Cacher, *, zero: Mapping[str, Any] = _NO_ZERO,
        times: meta.Times | None = None, served: Sequence[Resource] = (),
        normal: Callable[[Object], Object] | None = None, versions: Versions | None = None,
    ) -> None:
        self.resource = resource
        self.served = tuple(served) or (resource,)
        self.normal = normal or writing.with_ordered_metadata
        self.cacher = cacher
        self.versions = versions
        self.strategy = resource.strategy
        self.times = times if times is not None else meta.Times()
        self.prefix = f"/registry/{resource.storage_prefix or resource.name}/"
        self._incomplete: dict[str, int] = {}  # key → revision, see `completed_by_first_update`
        self._zero = {k: orjson.dumps(v) for k, v in zero.items()}
        self._index = index_for(resource)

    def key(self, namespace: str, name: str) -> str:
        """The storage key. Raises 400 for a name that cannot be one."""
        check_key(self.resource.namespaced, namespace, name)
        return f"{self.prefix}{namespace}/{name}" if self.resource.namespaced else self.prefix + name

    def key_root(self, namespace: str = "") -> str:
        """The prefix of all keys, or of those in `namespace`; ends with "/"."""
        return f"{self.prefix}{namespace}/" if namespace and self.resource.namespaced else self.prefix

    def _named(self, ctx: "Context") -> GroupResource:
        """The resource as the request names it: events are served in two groups from one store."""
        info = getattr(ctx, "request_info", None)
        if info is None or not info.is_resource_request or info.resource != self.resource.name:
            # nobody asked for this resource: a handler of another one reads or writes it
            return self.resource.group_resource
        return GroupResource(info.api_group, info.resource)

    async def get(self, ctx: "Context", namespace: str, name: str, resource_version: str = "") -> Item:
        key = self.key(namespace, name)
        if resource_version and resource_version != "0":
            await self._wait(resource_version)
        item = self.cacher.get(key)
        if item is None:
            raise status.not_found(self._named(ctx), name)
        return item

    async def _wait(self, resource_version: str) -> None:
        try:
            await self.cacher.wait_revision(meta.parse_resource_version(resource_version))
        except ValueError as e:
            raise status.plain_internal(str(field.invalid("resourceVersion", resource_version, str(e)))) from None
        except Future as e:
            raise status.too_large_resource_version(e.requested, e.current) from None

    # create

    async def create(
        self, ctx: "Context", namespace: str, obj: Object, options: WriteOptions, *, validate: Validation | None = None
    ) -> Item:
        metadata = obj.setdefault("metadata", {})
        await self.strategy.permit(ctx, namespace, obj, None)
        base = metadata.get("generateName")
        if not base or metadata.get("name"):
            return await self._create(ctx, namespace, obj, options, validate)
        pristine = orjson.dumps(obj)
        for attempt in range(GENERATE_NAME_ATTEMPTS):
            if attempt:
                obj = orjson.loads(pristine)
            obj["metadata"]["name"] = generate_name(base)
            try:
                return await self._create(ctx, namespace, obj, options, validate)
            except status.StatusError as e:
                if e.reason != status.REASON_ALREADY_EXISTS or attempt == GENERATE_NAME_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _create(
        self, ctx: "Context", namespace: str, obj: Object, options: WriteOptions, validate: Validation | None
    ) -> Item:
        metadata = obj["metadata"]
        writing.wipe_system_fields(metadata)
        writing.fill_system_fields(metadata, self.times)
        finish = await self.strategy.begin_create(ctx, obj, options.dry_run)
        done = False
        try:
            await _checked(
                ctx, writing.before_create, self.resource, self.strategy, ctx, obj, namespace, self._zero
            )
            await writing.authorize(self.resource, self.strategy, ctx, obj, None, "")
            if validate is not None:
                await validate(obj, None)
            key = self.key(namespace, metadata["name"])
            writing.refuse_resource_version(metadata)
            try:
                item = await self._insert(ctx, key, obj, options.dry_run, needed=finish is not None)
            except KeyExists as e:
                raise self._exists(ctx, metadata, e.item) from None
            done = True
        finally:
            if finish is not None:
                await finish(done)
        return item

    async def _insert(self, ctx: "Context", key: str, obj: Object, dry_run: bool, needed: bool) -> Item:
        """`needed`: whether somebody may read `obj` when it is stored. Else it is emptied, see `Cacher.create`."""
        if dry_run:
            if (there := self.cacher.newest(key)) is not None:
                raise KeyExists(there)
            return self._render(key, 0, self.normal(obj))
        # the storage puts the revision where the key stands
        obj["metadata"]["resourceVersion"] = "0"
        stored = await aside(self.normal, obj) if ctx.heavy else self.normal(obj)
        if self.versions is not None:
            stored = await self.versions.written(stored)
        if needed:
            stored = {**stored}
        elif stored is not obj:
            obj.clear()
        item = await self.cacher.create(key, stored)
        if self.strategy.completed_by_first_update:
            self._incomplete[key] = item.revision
        return item

    def _exists(self, ctx: "Context", metadata: Mapping[str, Any], there: Item) -> status.StatusError:
        make = status.generate_name_conflict if metadata.get("generateName") else status.already_exists
        error = make(self._named(ctx), metadata["name"])
        if decode(there)["metadata"].get("deletionTimestamp") is None:
            return error
        message = f"object is being deleted: {error.message}"
        return status.StatusError(error.code, error.reason, message, error.details)

    def _render(self, key: str, revision: int, obj: Object) -> Item:
        """An item that nobody stored: the answer of a dry run, or of an update that removed the object."""
        labels, fields = self._index(obj)
        return Item(key, revision, escape(orjson.dumps(obj)), labels, fields)

    # update

    async def update(
        self, ctx: "Context", namespace: str, name: str, update: Updater, options: WriteOptions,
        *, subresource: str = "", create_on_missing: bool = False, validate: Validation | None = None, uid: str = "",
    ) -> tuple[Item, bool]:
        key = self.key(namespace, name)
        while True:
            item = self.cacher.newest(key)
            if uid:
                preconditions.check_uid(self._named(ctx), key, name, uid, item)
            try:
                if item is not None:
                    return await self._update(ctx, namespace, item, update, options, subresource, validate), False
                if not (create_on_missing or self.strategy.allow_create_on_update):
                    raise status.not_found(self._named(ctx), name)
                obj = await update({})
                await self.strategy.permit(ctx, namespace, obj, {})
                obj["metadata"].pop("resourceVersion", None)
                return await self._create(ctx, namespace, obj, options, validate), True
            except Conflict:
                continue
            except status.StatusError as e:
                # somebody else created it meanwhile: update that
                if item is None and e.reason == status.REASON_ALREADY_EXISTS and self.cacher.newest(key) is not None:
                    continue
                raise

    async def _update(
        self, ctx: "Context", namespace: str, item: Item, update: Updater, options: WriteOptions, subresource: str,
        validate: Validation | None,
    ) -> Item:
        heavy = ctx.heavy = ctx.heavy or is_heavy(item.body)
        old = await self._read(item)
        if heavy:
            await asyncio.sleep(0)
        obj = await update(await self._read(item))
        obj = await aside(self.normal, obj) if heavy else self.normal(obj)
        if not subresource:
            await self.strategy.permit(ctx, namespace, obj, old)
        preconditions.check_resource_version(
            self._named(ctx), obj["metadata"], old["metadata"], item.revision, self.strategy.allow_unconditional_update
        )
        finish = None if subresource else await self.strategy.begin_update(ctx, obj, old, options.dry_run)
        done = False
        try:
            await _checked(
                ctx, writing.before_update, self.resource, self.strategy, ctx, obj, old, namespace, subresource,
                self._named(ctx),
            )
            await writing.authorize(self.resource, self.strategy, ctx, obj, old, subresource)
            heavy = ctx.heavy
            obj = await aside(self.normal, obj) if heavy else self.normal(obj)
            writing.keep_field_times(obj, old)
            if validate is not None:
                await validate(obj, old)
            if self._to_be_removed(obj, old):
                await self._remove_finalized(ctx, item, options.dry_run)
                result = self._render(item.key, item.revision, obj)
            else:
                result = await self._replace(item, obj, old, options.dry_run, needed=finish is not None)
            done = True
        finally:
            if finish is not None:
                await finish(done)
        return result

    async def _read(self, item: Item) -> Object:
        """A fresh object of what is stored, in the version of the resource."""
        return decode(item) if self.versions is None else await self.versions.read(item)

    async def _replace(self, item: Item, obj: Object, old: Object, dry_run: bool, needed: bool = True) -> Item:
        """`needed`: whether somebody may read `obj` and `old` when it is stored."""
        versions = self.versions
        incomplete = self._incomplete.get(item.key) == item.revision
        if not incomplete and same(obj, old) and (versions is None or same(await versions.written(obj), decode(item))):
            return await self.cacher.durable(item)
        if dry_run:
            return self._render(item.key, item.revision, obj)
        if versions is not None:
            obj = await versions.written(obj)
        if needed:
            obj = {**obj}
        else:
            old.clear()
        written = await self.cacher.update(item.key, obj, item)
        self._incomplete.pop(item.key, None)
        return written

    def _to_be_removed(self, obj: Object, old: Object) -> bool:
        """Whether this update took the last thing that held a deleted object."""
        metadata = old["metadata"]
        return (
            metadata.get("deletionTimestamp") is not None
            and not metadata.get("deletionGracePeriodSeconds")
            and not obj["metadata"].get("finalizers")
            and self.strategy.emptied(obj)
        )

    async def _remove_finalized(self, ctx: "Context", item: Item, dry_run: bool) -> None:
        if dry_run:
            return
        newest: Item | None = item
        while newest is not None:
            try:
                await self.cacher.delete(newest.key, newest)
                self._incomplete.pop(newest.key, None)
                break
            except Conflict as e:
                newest = e.current
        await self.strategy.after_delete(ctx, decode(item))

    # delete

    async def delete(
        self, ctx: "Context", namespace: str, name: str, options: DeleteOptions, *, validate: Validation | None = None
    ) -> tuple[Item, bool]:
        self._warn_of_orphans(ctx, options)
        return await self._delete_newest(ctx, namespace, name, options, validate)

    def _warn_of_orphans(self, ctx: "Context", options: DeleteOptions) -> None:
        strategy = self.strategy
        says = options.propagation_policy is not None or options.orphan_dependents is not None
        if strategy.orphan_warning and not says and strategy.default_garbage_collection_policy == "orphan":
            ctx.warn(strategy.orphan_warning)

    async def _delete_newest(
        self, ctx: "Context", namespace: str, name: str, options: DeleteOptions, validate: Validation | None
    ) -> tuple[Item, bool]:
        key = self.key(namespace, name)
        while True:
            item = self.cacher.newest(key)
            if item is None:
                raise status.not_found(self._named(ctx), name)
            try:
                return await self._delete(ctx, item, options, validate)
            except Conflict:
                continue

    async def _delete(
        self, ctx: "Context", item: Item, options: DeleteOptions, validate: Validation | None
    ) -> tuple[Item, bool]:
        heavy = is_heavy(item.body)
        old = await self._read(item)
        if heavy:
            await asyncio.sleep(0)
        obj = await self._read(item)
        step = deletion.decide(self.resource, self.strategy, ctx, obj, options, self.times)
        if step is Step.NOTHING:
            return await self.cacher.durable(item), False
        if validate is not None:
            await validate(None, old)
        if step is not Step.REMOVE:
            item = await self._replace(item, self.normal(obj), old, options.dry_run)
            if step is Step.MARK:
                return item, False
        if options.dry_run:
            return await self.cacher.durable(item), True
        if heavy:
            await asyncio.sleep(0)
        self._incomplete.pop(item.key, None)
        item = await self.cacher.delete(item.key, item)
        await self.strategy.after_delete(ctx, obj)
        return item, True

    async def delete_collection(
        self, ctx: "Context", namespace: str, items: Sequence[Item], options: DeleteOptions,
        *, validate: Validation | None = None,
    ) -> list[Item]:
        self._warn_of_orphans(ctx, options)
        for item in items:
            fields = item.fields
            try:
                await self._delete_newest(
                    ctx, fields.get("metadata.namespace", ""), fields["metadata.name"], options, validate
                )
            except status.StatusError as e:
                if e.reason != status.REASON_NOT_FOUND:
                    raise
        return list(items)


async def _checked(ctx: "Context", check: Callable[..., None], *given: Any) -> None:
    """Calls `check`, in a thread if that takes long."""
    if not ctx.heavy:
        try:
            check(*given)
            return
        except Heavier:
            ctx.heavy = True
    await aside(check, *given)
