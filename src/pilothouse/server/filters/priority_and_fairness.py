"""Whose turn it is (upstream: server/filters/priority-and-fairness.go).

A request is classified, waits if its priority level has no seat for it, and is refused when it would wait too long or
too many wait already. With its seat it waits for its turn on the event loop, where many would begin at once. A watch
needs its seat only until it has begun.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.flowcontrol.concurrency import MUTATING, READ_ONLY
from pilothouse.flowcontrol.dropped import DroppedRequests
from pilothouse.flowcontrol.queueset import Ticket
from pilothouse.flowcontrol.turns import Turns
from pilothouse.flowcontrol.work import ONE_SEAT
from pilothouse.server.filters.max_in_flight import READ_VERBS
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import text_error
from pilothouse.server.streams import on_end

if TYPE_CHECKING:
    from pilothouse.flowcontrol.controller import Classification, FlowController
    from pilothouse.flowcontrol.estimator import WatchTracker, WorkEstimator

_ESTIMATED = frozenset({"list", "watch", "create", "update", "patch", "delete"})


class FlowControl:
    """What the filter needs: `wait_limit` is in seconds, for requests without a deadline."""

    __slots__ = ("controller", "estimator", "wait_limit", "watches")

    def __init__(
        self, controller: FlowController, estimator: WorkEstimator, watches: WatchTracker, wait_limit: float = 15.0
    ) -> None:
        self.controller = controller
        self.estimator = estimator
        self.watches = watches
        self.wait_limit = wait_limit


def with_priority_and_fairness(
    handler: Handler, flow_control: FlowControl, metrics: ServerMetrics,
    *, dropped: DroppedRequests | None = None, clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """`clock` is the one of deadlines and of the controller."""
    controller, estimate = flow_control.controller, flow_control.estimator.estimate
    classify, begin, finish = controller.classify, controller.start, controller.finish
    refused = _Refusals(metrics, dropped or DroppedRequests())
    waits = _Waits(controller, clock)
    turns = Turns(lambda function: asyncio.get_running_loop().call_soon(function), clock)
    reads, writes = controller.executing[READ_ONLY].count, controller.executing[MUTATING].count
    for kind in (READ_ONLY, MUTATING):
        metrics.watch_inflight(kind, controller.executing[kind].watermark, controller.waiting[kind].watermark)

    def serve(request: Request) -> Awaitable[Response]:
        info = request.context.request_info
        if info.long_running and info.verb != "watch":
            return handler(request)
        return queued(request)

    async def queued(request: Request) -> Response:
        context = request.context
        user, info = context.user, context.request_info
        found = classify(user, info)
        context.response_headers += found.headers
        work = estimate(request, found) if info.verb in _ESTIMATED else ONE_SEAT
        flow = found.flow
        if work.seats == 1:
            flow.of_one_seat += 1
        else:
            flow.estimated(work.seats)
        ticket = begin(found, work, (user, info, found))
        if isinstance(ticket, str):
            return refused(request, found, ticket)
        read = info.verb in READ_VERBS
        started = ticket.started
        if ticket.executing:
            flow.at_once += 1
        elif await waits.turn(found, ticket, _limit(request, flow_control.wait_limit, clock), read):
            started = clock()
            waited = ticket.started - ticket.arrived
            context.track("apf_queue_wait", waited)
            flow.dispatched(waited)
        else:
            return refused(request, found, "time-out", clock() - ticket.arrived)
        slot = reads if read else writes
        watch = info.verb == "watch"
        slot.enter(started)

        def over() -> None:
            now = finish(found, ticket)
            slot.leave(now)
            flow.executed(now - ticket.started, watch)

        try:
            if found.level.exempt:
                turns.seen(found.level.name)
            elif not turns.begins(found.level.name):
                await _next_turn(turns, found)
            response = await handler(request)
        except BaseException:
            over()
            raise
        if isinstance(response, StreamResponse) and not watch:
            on_end(response, over)
            return response
        over()
        if isinstance(response, StreamResponse):
            on_end(response, flow_control.watches.register(request.context.request_info))
        return response

    return serve


class _Refusals:
    """Answers those who are not served, and counts them."""

    def __init__(self, metrics: ServerMetrics, dropped: DroppedRequests) -> None:
        self._metrics = metrics
        self._dropped = dropped

    def __call__(self, request: Request, found: Classification, reason: str, waited: float = 0.0) -> Response:
        found.flow.rejected(reason, waited)
        self._metrics.record_dropped(request)
        self._metrics.record_termination(request, 429)
        retry_after = str(self._dropped.record(found.level.name)).encode()
        return text_error(429, "Too many requests, please try again later.", [(b"retry-after", retry_after)])


def _limit(request: Request, default: float, clock: Callable[[], float]) -> float:
    """Seconds that the request may still wait: a quarter of what it may take in all, counted from its arrival."""
    context = request.context
    allowed = default if context.deadline is None else (context.deadline - context.received_at) / 4
    return allowed - (clock() - context.received_at)


async def _next_turn(turns: Turns, found: Classification) -> None:
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> bool:
        if waiting.done():
            return False
        waiting.set_result(None)
        return True

    turns.wait(found.level.name, found.level.current, wake)
    await waiting


class _Waits:
    """Waits in queues, counted."""

    def __init__(self, controller: FlowController, clock: Callable[[], float]) -> None:
        self._controller = controller
        self._clock = clock

    async def turn(self, found: Classification, ticket: Ticket, seconds: float, read: bool) -> bool:
        """Wait until the request is dispatched; False if that takes longer than `seconds`."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()

        def settle(dispatched: bool) -> None:
            if not turn.done():
                turn.set_result(dispatched)

        ticket.notify = lambda: settle(True)
        timer = loop.call_later(max(seconds, 0.0), settle, False)
        count = self._controller.waiting[READ_ONLY if read else MUTATING].count
        count.enter(self._clock())
        try:
            # when the time is over it may have been dispatched in the very moment
            return await turn or not self._controller.cancel(found, ticket)
        except asyncio.CancelledError:
            if not self._controller.cancel(found, ticket):
                self._controller.finish(found, ticket)
            raise
        finally:
            count.leave(self._clock())
            timer.cancel()
