"""Several backends as one (upstream: k8s.io/apiserver pkg/audit/union.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Backend, Writing


class UnionBackend:
    """Every event goes to all of them."""

    name = "union"

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends
        self.strict = any(backend.strict for backend in backends)
        self.ordered = all(backend.ordered for backend in backends)

    def start(self) -> None:
        for backend in self._backends:
            backend.start()

    async def stop(self) -> None:
        for backend in self._backends:
            await backend.stop()

    def process(self, events: Sequence[Event]) -> Writing:
        return [future for backend in self._backends for future in backend.process(events)]
