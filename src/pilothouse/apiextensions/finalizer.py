"""Deletes the instances of a deleted definition, then lets it go (upstream: pkg/controller/finalizer)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apiextensions.conditions import ESTABLISHED, TERMINATING, condition, is_true
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.apiextensions.strategies import FINALIZER
from pilothouse.registry.rest import DeleteOptions
from pilothouse.storage.interface import Predicate, StorageFailed

if TYPE_CHECKING:
    from pilothouse.apiextensions.serving import Instances
    from pilothouse.registry.store import Store

Object = dict[str, Any]

#: Stored at the same keys as the resources of such a definition, which must not be deleted with it.
_OVERLAPPING: Final = frozenset({
    ("apiregistration.k8s.io", "apiservices"), ("apiextensions.k8s.io", "customresourcedefinitions"),
})
#: Seconds that one attempt waits for others to take their finalizers away.
_PATIENCE: Final = 60.0


class DeletionError(Exception):
    """Instances are left; `.condition` says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.condition = condition(TERMINATING, "True", reason, message)


def wants_finalizing(definition: Object) -> bool:
    metadata = definition["metadata"]
    return metadata.get("deletionTimestamp") is not None and FINALIZER in (metadata.get("finalizers") or ())


def in_progress() -> Object:
    return condition(TERMINATING, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")


async def finish(definition: Object, instances: Instances | None) -> Object:
    """Deletes all instances and waits until they are gone; gives the last condition. Raises DeletionError."""
    spec = definition["spec"]
    if (spec["group"], spec["names"]["plural"]) in _OVERLAPPING:
        return condition(
            TERMINATING, "False", "OverlappingBuiltInResource", "instances overlap with built-in resources in storage"
        )
    if not is_true(definition, ESTABLISHED) or instances is None:
        return condition(TERMINATING, "False", "NeverEstablished", "resource was never established")
    await _delete(instances)
    return condition(TERMINATING, "False", "InstanceDeletionCompleted", "removed all instances")


async def _delete(instances: Instances) -> None:
    serving = instances.serving
    store = serving.store(serving.resource(serving.definition.storage_version))
    namespaces = {item.fields.get("metadata.namespace", "") for item in await _items(store)}
    errors: list[str] = []
    for namespace in sorted(namespaces):
        try:
            items = await _items(store, namespace)
            await store.delete_collection(Context(), namespace, items, DeleteOptions())
        except (StatusError, StorageFailed) as e:
            errors.append(str(e))
    if errors:
        raise DeletionError("InstanceDeletionFailed", f"could not issue all deletes: {aggregate(errors)}")
    try:
        async with asyncio.timeout(_PATIENCE):
            await _emptied(store)
    except TimeoutError:
        raise DeletionError(
            "InstanceDeletionCheck",
            "could not confirm zero CustomResources remaining: context deadline exceeded",
        ) from None


async def _emptied(store: Store) -> None:
    cacher, everything = store.cacher, Predicate(store.key_root())
    while cacher.count():
        watcher = cacher.watch(everything, revision=cacher.revision)
        try:
            while cacher.count() and await watcher.batch():
                pass
        finally:
            watcher.close()


async def _items(store: Store, namespace: str = "") -> list[Any]:
    return (await store.cacher.select(Predicate(store.key_root(namespace)))).items
