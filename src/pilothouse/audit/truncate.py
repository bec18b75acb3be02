"""Events that are too large lose their objects (upstream: plugin/pkg/audit/truncate)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future

    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Backend, Writing
    from pilothouse.audit.metrics import AuditMetrics


class TruncatingBackend:
    """Sizes are those of the events as JSON, in bytes; batches of more than `max_batch` are split."""

    name = "truncate"

    def __init__(self, backend: Backend, max_event: int, max_batch: int, metrics: AuditMetrics) -> None:
        self._backend = backend
        self._max_event = max_event
        self._max_batch = max_batch
        self._metrics = metrics
        self.strict = backend.strict
        self.ordered = backend.ordered

    def start(self) -> None:
        self._backend.start()

    async def stop(self) -> None:
        await self._backend.stop()

    def process(self, events: Sequence[Event]) -> Writing:
        lost: list[Event] = []
        batch: list[Event] = []
        writing: list[Future[bool]] = []
        size = 0
        for event in events:
            if event.size > self._max_event and event.has_objects:
                event = event.truncated()
            if event.size > self._max_event:
                lost.append(event)
                continue
            if batch and size + event.size > self._max_batch:
                writing += self._backend.process(batch)
                batch, size = [], 0
            batch.append(event)
            size += event.size
        if batch:
            writing += self._backend.process(batch)
        if lost:
            self._metrics.failed(self.name, "event is too large even after truncating", lost)
        return writing
