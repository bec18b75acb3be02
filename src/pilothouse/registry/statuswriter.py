"""Writes to /status in the server's own name: what admission charged a quota, what an eviction used up."""

from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.registry.rest import Object, WriteOptions

if TYPE_CHECKING:
    from pilothouse.registry.store import Store

#: Whom managedFields name: the user agent of kube-apiserver's loopback client.
MANAGER: Final = "kube-apiserver"


class StatusWriter:
    """Replaces an object's status where the object is still the one that was read; else the store answers 409."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        kind = type_for(store.resource.gvk)
        self._fields = None if kind is None else FieldManager(kind, store.resource.gvk, "status")

    async def __call__(self, obj: Object) -> None:
        metadata = obj["metadata"]

        async def update(newest: Object) -> Object:
            new = {
                **newest, "status": obj["status"],
                "metadata": {**newest["metadata"], "resourceVersion": metadata["resourceVersion"]},
            }
            if self._fields is None:
                return new
            return self._fields.update(newest, new, MANAGER, self._store.times.now())

        await self._store.update(
            Context(), metadata.get("namespace", ""), metadata["name"], update, WriteOptions(), subresource="status"
        )
