"""A store over a real memory storage, and the small things store tests need."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.meta import Times
from pilothouse.registry.index import index_for
from pilothouse.registry.rest import Resource, Strategy
from pilothouse.registry.store import Store
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage

NOW = 1_700_000_000.0
NOW_TEXT = "2023-11-14T22:13:20Z"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def config_maps(strategy: Strategy | None = None, **kwargs: Any) -> Resource:
    return Resource(
        group="", version="v1", kind="ConfigMap", name="configmaps", singular="configmap", namespaced=True,
        strategy=strategy or Strategy(), storage_prefix="configmaps", **kwargs,
    )


def run(
    test: Callable[[Store], Awaitable[None]], resource: Resource | None = None, clock: Clock | None = None,
    **kwargs: Any,
) -> None:
    """Run `test` with a started store; the storage is closed afterwards."""

    async def main() -> None:
        storage = Storage(MemoryBackend())
        what = resource or config_maps()
        store_clock = clock or Clock()
        cacher = storage.cacher(f"/registry/{what.storage_prefix}/", index_for(what))
        await storage.start()
        try:
            await test(Store(what, cacher, times=Times(store_clock), **kwargs))
        finally:
            await storage.close()

    asyncio.run(main())


def context() -> Context:
    return Context()


def updating(**changes: Any) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
    """An updater: top-level keys are replaced, those of `metadata` one by one (None removes)."""

    async def update(obj: dict[str, Any]) -> dict[str, Any]:
        for k, v in changes.get("metadata", {}).items():
            if v is None:
                obj.get("metadata", {}).pop(k, None)
            else:
                obj.setdefault("metadata", {})[k] = v
        obj.update({k: v for k, v in changes.items() if k != "metadata"})
        return obj

    return update
