"""Several backends as one, and one whose failures do not count (upstream: k8s.io/apiserver pkg/audit/union.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Backend


class UnionBackend:
    """Every event goes to all of them."""

    name = "union"

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends

    def start(self) -> None:
        for backend in self._backends:
            backend.start()

    async def stop(self) -> None:
        for backend in self._backends:
            await backend.stop()

    async def process(self, events: Sequence[Event]) -> bool:
        done = True
        for backend in self._backends:
            done = await backend.process(events) and done
        return done


class IgnoringErrors:
    """Blocks until the events are written or lost, and then goes on (the mode "blocking")."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.name = backend.name

    def start(self) -> None:
        self._backend.start()

    async def stop(self) -> None:
        await self._backend.stop()

    async def process(self, events: Sequence[Event]) -> bool:
        await self._backend.process(events)
        return True
