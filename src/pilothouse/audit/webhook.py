"""The webhook backend: events as EventLists to another server (upstream: plugin/pkg/audit/webhook)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery.webhook.caller import Backoff, Caller, WebhookError, any_error, with_backoff

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.metrics import AuditMetrics

_HEAD = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":['


class WebhookBackend:
    """Tries again on every error: an event is not to be lost while there is hope (upstream: retryOnError)."""

    name = "webhook"

    def __init__(
        self, caller: Caller, backoff: Backoff, metrics: AuditMetrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._caller = caller
        self._backoff = backoff
        self._metrics = metrics
        self._sleep = sleep

    def start(self) -> None: ...

    async def stop(self) -> None:
        await self._caller.close()

    async def process(self, events: Sequence[Event]) -> bool:
        body = b"".join((_HEAD, b",".join(event.item for event in events), b"]}"))
        try:
            await with_backoff(lambda: self._caller.post(body), self._backoff, any_error, self._sleep)
        except WebhookError as error:
            self._metrics.failed(self.name, error, events)
            return False
        return True
