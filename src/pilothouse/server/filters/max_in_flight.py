"""Bounds how many requests run at once (upstream: server/filters/maxinflight.go).

Reads and writes have bounds of their own; long-running requests do not count, and members of
system:masters are never refused: somebody must be able to repair an overloaded server.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.user import SYSTEM_PRIVILEGED_GROUP
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import text_error
from pilothouse.server.streams import on_end

READ_VERBS = frozenset({"get", "list", "watch"})
READ_ONLY, MUTATING = "readOnly", "mutating"


class InFlight:
    """One bound. `high` is the highest count since it was last read by a scrape."""

    __slots__ = ("count", "high", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        self.high = 0

    def enter(self) -> None:
        self.count += 1
        if self.count > self.high:
            self.high = self.count

    def release(self) -> None:
        self.count -= 1

    def watermark(self) -> int:
        high, self.high = self.high, self.count
        return high


def with_max_in_flight(handler: Handler, read_limit: int, write_limit: int, metrics: ServerMetrics) -> Handler:
    """A limit of 0 means none; with both 0 nothing is counted."""
    if not read_limit and not write_limit:
        return handler
    reads, writes = InFlight(read_limit), InFlight(write_limit)
    metrics.watch_inflight(READ_ONLY, reads.watermark)
    metrics.watch_inflight(MUTATING, writes.watermark)

    async def serve_counted(request: Request, slot: InFlight) -> Response:
        count = slot.count = slot.count + 1
        if count > slot.high:
            slot.high = count
        try:
            response = await handler(request)
        except BaseException:
            slot.count -= 1
            raise
        if isinstance(response, StreamResponse):
            on_end(response, slot.release)
        else:
            slot.count -= 1
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
        if slot.count < slot.limit:
            return serve_counted(request, slot)
        if not slot.limit or SYSTEM_PRIVILEGED_GROUP in request.context.user.groups:
            return handler(request)
        return refuse(request)

    return serve
