"""What the tests of storage share: an index, objects, selectors, and stores that run."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pilothouse.storage.cacher import WatchCache
from pilothouse.storage.interface import Backend, Predicate, WatchEvent
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage

PREFIX = "/registry/configmaps/"
ALL = Predicate(PREFIX)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Equals:
    """A selector that wants one label or field to have one value."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def matches(self, values: Mapping[str, str]) -> bool:
        return values.get(self.name) == self.value


def index(obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    metadata = obj["metadata"]
    return metadata.get("labels") or {}, {
        "metadata.name": metadata["name"], "metadata.namespace": metadata.get("namespace", ""),
    }


def key(name: str, namespace: str = "ns") -> str:
    return f"{PREFIX}{namespace}/{name}"


def obj(name: str, namespace: str = "ns", labels: Mapping[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": "u"}
    if labels:
        metadata["labels"] = dict(labels)
    return {"metadata": metadata, "data": data}


@contextlib.asynccontextmanager
async def running(backend: Backend | None = None, **options: Any) -> AsyncIterator[tuple[Storage, WatchCache]]:
    storage = Storage(backend or MemoryBackend(), **options)
    cacher = storage.cacher(PREFIX, index)
    await storage.start()
    try:
        yield storage, cacher
    finally:
        await storage.close()


def names(items: list[Any]) -> list[str]:
    return [item.key.rsplit("/", 1)[1] for item in items]


def told(events: list[WatchEvent]) -> list[tuple[str, str, int]]:
    """(type, name, revision) of each event; a bookmark's name is its end-of-initial mark."""
    return [
        (e.type, e.item.key.rsplit("/", 1)[1] if e.item else str(e.initial_end), e.revision) for e in events
    ]
