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
    """The requests that run under the server's own timeout, in the order of their deadlines."""

    __slots__ = ("_clock", "_metrics", "_sweeping", "_timeout", "expired", "running")

    def __init__(self, timeout: float, metrics: ServerMetrics, clock: Callable[[], float]) -> None:
        self.running: dict[Context, asyncio.Task[object]] = {}
        self.expired: set[Context] = set()
        self._timeout = timeout
        self._metrics = metrics
        self._clock = clock
        self._sweeping = False

    def sweep_later(self) -> None:
        """See that somebody looks after `running`; cheap when that is so already."""
        if not self._sweeping:
            self._sweeping = True
            self._arm(self._timeout)

    def _arm(self, delay: float) -> None:
        asyncio.get_running_loop().call_later(max(delay, RESOLUTION), self._sweep)

    def expire(self, context: Context, task: "asyncio.Task[object]") -> None:
        """Cancel a request's task; its filter tells this from other cancellations by `expired`."""
        self.expired.add(context)
        task.cancel()

    def cut_off(self, request: Request, task: "asyncio.Task[object]") -> Response:
        """The answer if it was the deadline that cancelled; any other cancellation is raised again."""
        if request.context not in self.expired:
            raise asyncio.CancelledError
        self.expired.remove(request.context)
        if task.uncancel() > 0:
            raise asyncio.CancelledError
        self._metrics.record_termination(request, 504)
        # it has been cancelled, and has gone along with that
        self._metrics.record_after_timeout("ok")
        return Response(504, _BODY, [TEXT_TYPE])

    def take_back(self, context: Context, task: "asyncio.Task[object]") -> None:
        """Undo the cancellation of a request that has answered all the same."""
        if context in self.expired:
            self.expired.remove(context)
            task.uncancel()

    def _sweep(self) -> None:
        now = self._clock()
        for context, task in list(self.running.items()):
            if context.deadline is not None and context.deadline > now:
                self._arm(context.deadline - now)
                return
            del self.running[context]
            self.expire(context, task)
        self._sweeping = False


def with_timeout(
    handler: Handler, timeout: float, metrics: ServerMetrics, clock: Callable[[], float] = time.monotonic
) -> Handler:
    """504 in place of an answer that took longer than `context.deadline` allows; `timeout` is the usual time."""
    deadlines = Deadlines(timeout, metrics, clock)
    running, expired = deadlines.running, deadlines.expired

    async def serve_usual(request: Request) -> Response:
        context = request.context
        task = request.task or asyncio.current_task()
        if task is None:
            return await handler(request)
        running[context] = task
        deadlines.sweep_later()
        try:
            return await handler(request)
        except asyncio.CancelledError:
            return deadlines.cut_off(request, task)
        finally:
            running.pop(context, None)
            if expired:
                deadlines.take_back(context, task)

    async def serve_shorter(request: Request) -> Response:
        context = request.context
        task = request.task or asyncio.current_task()
        if task is None or context.deadline is None:
            return await handler(request)
        delay = max(0.0, context.deadline - clock())
        timer = asyncio.get_running_loop().call_later(delay, deadlines.expire, context, task)
        try:
            return await handler(request)
        except asyncio.CancelledError:
            return deadlines.cut_off(request, task)
        finally:
            timer.cancel()
            deadlines.take_back(context, task)

    def serve(request: Request) -> Awaitable[Response]:
        context = request.context
        if context.deadline is None:
            return handler(request)
        # The very sum that set the usual deadline: a difference could be off by a rounding.
        if context.deadline < context.received_at + timeout:
            return serve_shorter(request)
        return serve_usual(request)

    return serve
