"""Bounds how many requests run at once (upstream: server/filters/maxinflight.go).

Reads and writes have bounds of their own; long-running requests do not count, and members of
system:masters are never refused: somebody must be able to repair an overloaded server.
"""

import time
from collections.abc import Awaitable, Callable

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP
from pilothouse.flowcontrol.concurrency import EXECUTING, MUTATING, READ_ONLY, Concurrency
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import text_error
from pilothouse.server.streams import on_end

READ_VERBS = frozenset({"get", "list", "watch"})


class InFlight:
    """One bound."""

    __slots__ = ("_clock", "count", "limit")

    def __init__(self, kind: str, limit: int, metrics: ServerMetrics, clock: Callable[[], float]) -> None:
        concurrency = Concurrency(kind, EXECUTING, metrics.registry, clock)
        concurrency.bound(limit)
        metrics.watch_inflight(kind, concurrency.watermark)
        self.count = concurrency.count
        self.limit = limit
        self._clock = clock

    def enter(self) -> None:
        self.count.enter(self._clock())

    def release(self) -> None:
        self.count.leave(self._clock())


def with_max_in_flight(
    handler: Handler, read_limit: int, write_limit: int, metrics: ServerMetrics,
    clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """A limit of 0 means none; with both 0 nothing is counted."""
    if not read_limit and not write_limit:
        return handler
    reads = InFlight(READ_ONLY, read_limit, metrics, clock)
    writes = InFlight(MUTATING, write_limit, metrics, clock)

    async def serve_counted(request: Request, slot: InFlight) -> Response:
        slot.enter()
        try:
            response = await handler(request)
        except BaseException:
            slot.release()
            raise
        if isinstance(response, StreamResponse):
            on_end(response, slot.release)
        else:
            slot.release()
        return response

    async def refuse(request: Request) -> Response:
        metrics.record_dropped(request)
        metrics.record_termination(request, 429)
        return text_error(429, "Too many requests, please try again later.", [(b"retry-after", b"1")])

    def serve(request: Request) -> Awaitable[Response]:
        info = request.context.request_info
        if info.long_running:
            return handler(request)
        slot = reads if info.verb in READ_VERBS else writes
        if slot.count.value < slot.limit:
            return serve_counted(request, slot)
        if not slot.limit or SYSTEM_PRIVILEGED_GROUP in request.context.user.groups:
            return handler(request)
        return refuse(request)

    return serve
