"""The webhook backend: events as EventLists to another server (upstream: plugin/pkg/audit/webhook)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING

from pilothouse.apimachinery.webhook.caller import Backoff, Caller, WebhookError, any_error, with_backoff
from pilothouse.observability.tracing import span

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Writing
    from pilothouse.audit.metrics import AuditMetrics

_HEAD = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":['


class WebhookBackend:
    """Tries again on every error: an event is not to be lost while there is hope (upstream: retryOnError). A failure
    matters to requests only where it is `strict`."""

    name = "webhook"
    ordered = False

    def __init__(
        self, caller: Caller, backoff: Backoff, metrics: AuditMetrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, *, strict: bool = False,
    ) -> None:
        self.strict = strict
        self._caller = caller
        self._backoff = backoff
        self._metrics = metrics
        self._sleep = sleep
        self._sending: set[asyncio.Task[bool]] = set()

    def start(self) -> None: ...

    async def stop(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending)
        await self._caller.close()

    def process(self, events: Sequence[Event]) -> Writing:
        """The events are sent also when who waits for them is cancelled, and in no request's trace."""
        task = asyncio.create_task(self._send(events), name="audit-webhook", context=Context())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return (asyncio.shield(task),)

    async def _send(self, events: Sequence[Event]) -> bool:
        body = b"".join((_HEAD, b",".join([event.item for event in events]), b"]}"))
        try:
            await with_backoff(lambda: self._post(body, len(events)), self._backoff, any_error, self._sleep)
        except WebhookError as error:
            self._metrics.failed(self.name, error, events)
            return not self.strict
        return True

    async def _post(self, body: bytes, count: int) -> bytes:
        with span("Call Audit Events webhook", {"name": self.name, "event-count": count}):
            return await self._caller.post(body)
