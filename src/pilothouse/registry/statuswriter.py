"""Writes to /status in the server's own name: what admission charged a quota, what an eviction used up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import orjson

from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.registry.rest import Object, WriteOptions

if TYPE_CHECKING:
    from pilothouse.registry.store import Store

#: Whom managedFields name: the user agent of kube-apiserver's loopback client.
MANAGER: Final = "kube-apiserver"


class StatusWriter:
    """Writes the status of a store's objects; the fields that it changes are the server's own."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        kind = type_for(store.resource.gvk)
        self._fields = None if kind is None else FieldManager(kind, store.resource.gvk, "status")

    async def __call__(self, obj: Object) -> None:
        """Replaces the status where `obj` is still the newest; else the store answers 409."""
        metadata = obj["metadata"]

        def replace(newest: Object) -> None:
            newest["status"] = obj["status"]
            newest["metadata"]["resourceVersion"] = metadata["resourceVersion"]

        await self.change(Context(), metadata.get("namespace", ""), metadata["name"], replace)

    async def change(
        self, ctx: Context, namespace: str, name: str, change: Callable[[Object], None], *, dry_run: bool = False
    ) -> None:
        """Has `change` change the newest object in place. Raises what the store raises, and what `change` does."""

        async def update(newest: Object) -> Object:
            new: Object = orjson.loads(orjson.dumps(newest))
            change(new)
            if self._fields is None:
                return new
            return self._fields.update(newest, new, MANAGER, self._store.times.now())

        await self._store.update(ctx, namespace, name, update, WriteOptions(dry_run=dry_run), subresource="status")
