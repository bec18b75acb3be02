"""Cuts requests off at their deadline (upstream: server/filters/timeout.go).

A timer for each request would cost more than many requests do. Requests with the server's own timeout
expire in the order in which they came, so they stand in one dict and a single timer looks at its head; a
request with a shorter deadline of its own gets a timer of its own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Context, Handler, Request, Response
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import TEXT_TYPE

#: How late the shared timer may be, in seconds.
RESOLUTION = 0.25


def _timed_out_body() -> bytes:
    """Upstream encodes the bare Status here: no kind, no apiVersion, and a type guessed by net/http."""
    body = status.timeout("request did not complete within the allotted timeout").status()
    return orjson.dumps({k: v for k, v in body.items() if k not in ("kind", "apiVersion")}) + b"\n"


_BODY = _timed_out_body()


class Deadlines:
    """Cancels the tasks of requests whose time is up."""

    __slots__ = ("_clock", "_default", "_expired", "_running", "_sweeping")

    def __init__(self, default: float, clock: Callable[[], float]) -> None:
        self._default = default
        self._clock = clock
        self._running: dict[Context, asyncio.Task[object]] = {}
        self._expired: set[Context] = set()
        self._sweeping = False

    def watch(self, context: Context, task: "asyncio.Task[object]") -> asyncio.TimerHandle | None:
        """Begin; returns the request's own timer if it has one, which the caller must cancel."""
        deadline = context.deadline
        if deadline is None:
            return None
        if deadline - context.received_at < self._default:
            delay = max(0.0, deadline - self._clock())
            return asyncio.get_running_loop().call_later(delay, self._expire, context, task)
        self._running[context] = task
        if not self._sweeping:
            self._sweeping = True
            self._arm(self._default)
        return None

    def forget(self, context: Context) -> bool:
        """End; True if the request was cut off."""
        self._running.pop(context, None)
        if context in self._expired:
            self._expired.remove(context)
            return True
        return False

    def _arm(self, delay: float) -> None:
        asyncio.get_running_loop().call_later(max(delay, RESOLUTION), self._sweep)

    def _expire(self, context: Context, task: "asyncio.Task[object]") -> None:
        self._expired.add(context)
        task.cancel()

    def _sweep(self) -> None:
        now = self._clock()
        for context, task in list(self._running.items()):
            if context.deadline is not None and context.deadline > now:
                self._arm(context.deadline - now)
                return
            del self._running[context]
            self._expire(context, task)
        self._sweeping = False


def with_timeout(
    handler: Handler, maximum: float, metrics: ServerMetrics, clock: Callable[[], float] = time.monotonic
) -> Handler:
    """504 in place of an answer that took longer than `context.deadline` allows; `maximum` is the usual time."""
    deadlines = Deadlines(maximum, clock)

    async def serve_limited(request: Request) -> Response:
        context = request.context
        task = asyncio.current_task()
        if task is None:
            return await handler(request)
        timer = deadlines.watch(context, task)
        cut_off = False
        try:
            response = await handler(request)
        except asyncio.CancelledError:
            cut_off = deadlines.forget(context)
            if not cut_off or task.uncancel() > 0:
                raise
            metrics.record_termination(request, 504)
            return Response(504, _BODY, [TEXT_TYPE])
        finally:
            if timer is not None:
                timer.cancel()
            if deadlines.forget(context):
                # The deadline came in the same turn of the loop as the answer: take the cancellation back.
                task.uncancel()
        return response

    def serve(request: Request) -> Awaitable[Response]:
        if request.context.deadline is None:
            return handler(request)
        return serve_limited(request)

    return serve
