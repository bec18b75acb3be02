"""Lets admission write what it charged (upstream: resourcequota/resource_access.go, UpdateQuotaStatus)."""

from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Context
from pilothouse.registry.rest import Object, WriteOptions

if TYPE_CHECKING:
    from pilothouse.registry.store import Store


class QuotaWriter:
    """Replaces a quota's status where the quota is still the one that was read; else the store answers 409."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    async def __call__(self, quota: Object) -> None:
        metadata = quota["metadata"]

        async def update(newest: Object) -> Object:
            newest["status"] = quota["status"]
            newest["metadata"]["resourceVersion"] = metadata["resourceVersion"]
            return newest

        await self._store.update(
            Context(), metadata["namespace"], metadata["name"], update, WriteOptions(), subresource="status"
        )
