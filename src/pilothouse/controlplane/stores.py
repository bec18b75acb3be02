"""One generic store for each stored resource, over one storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import meta
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import Decoder, decoder
from pilothouse.controlplane.served import stable
from pilothouse.registry.index import index_for
from pilothouse.registry.rest import Object, Resource
from pilothouse.registry.store import Store, decode
from pilothouse.storage.interface import Event
from pilothouse.storage.storage import Storage

if TYPE_CHECKING:
    pass


def make_stores(
    storage: Storage, known: Iterable[Resource], served: Iterable[Resource]
) -> dict[GroupResource, Store]:
    """By group and resource, for what of the `known` resources is `served` or stable (the server itself works with
    those); what is served in several versions or groups shares the store of the storage version."""
    times = meta.Times()
    stored = {r.storage_prefix: r for r in known if r.storage_prefix and r.converter is None}
    shown: dict[str, list[Resource]] = {prefix: [] for prefix, r in stored.items() if stable(r.version)}
    for resource in served:
        if resource.storage_prefix:
            shown.setdefault(resource.storage_prefix, []).append(resource)
    by_prefix = {
        prefix: Store(
            stored[prefix], storage.cacher(f"/registry/{prefix}", index_for(stored[prefix])),
            zero=_zero_status(stored[prefix]), times=times, served=resources, normal=_normal(stored[prefix]),
        )
        for prefix, resources in shown.items()
    }
    return {
        r.group_resource: by_prefix[prefix] for prefix, resources in shown.items() for r in (stored[prefix], *resources)
    }


def _normal(resource: Resource) -> Callable[[Object], Object] | None:
    """Decoding by the type, which puts objects in Go's form; compiled when something is written."""
    kind = type_for(resource.gvk)
    if kind is None:
        return None
    type = kind
    decode: Decoder | None = None

    def normal(obj: Object) -> Object:
        nonlocal decode
        if decode is None:
            decode = decoder(type)
        normalized: Object = decode(obj, None)
        return normalized

    return normal


def _zero_status(resource: Resource) -> Mapping[str, Any]:
    """What Go writes for the status fields of a new object."""
    fields = resource.strategy.status_fields
    kind = type_for(resource.gvk) if fields else None
    if kind is None:
        return {}
    empty = decoder(kind)({}, None)
    return {name: empty[name] for name in fields if name in empty}


def follow(storage: Storage, store: Store, apply: Callable[[str, Object | None], None]) -> None:
    """Call `apply(name, object)` for every change of a cluster-wide resource; the object is None when it is gone."""

    def observe(event: Event) -> None:
        obj = decode(event.item)
        apply(obj["metadata"]["name"], None if event.deleted else obj)

    storage.observe(store.prefix, observe)
