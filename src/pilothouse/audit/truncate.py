"""Events that are too large lose their objects (upstream: plugin/pkg/audit/truncate)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Backend
    from pilothouse.audit.metrics import AuditMetrics


class TruncatingBackend:
    """Sizes are those of the events as JSON, in bytes; batches of more than `max_batch` are split."""

    name = "truncate"

    def __init__(self, backend: Backend, max_event: int, max_batch: int, metrics: AuditMetrics) -> None:
        self._backend = backend
        self._max_event = max_event
        self._max_batch = max_batch
        self._metrics = metrics

    def start(self) -> None:
        self._backend.start()

    async def stop(self) -> None:
        await self._backend.stop()

    async def process(self, events: Sequence[Event]) -> bool:
        lost: list[Event] = []
        batch: list[Event] = []
        size, done = 0, True
        for event in events:
            if len(event.json) > self._max_event and event.has_objects:
                event = event.truncated()
            if len(event.json) > self._max_event:
                lost.append(event)
                continue
            if batch and size + len(event.json) > self._max_batch:
                done = await self._backend.process(batch) and done
                batch, size = [], 0
            batch.append(event)
            size += len(event.json)
        if batch:
            done = await self._backend.process(batch) and done
        if lost:
            self._metrics.failed(self.name, "event is too large even after truncating", lost)
        return done
