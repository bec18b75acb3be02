"""Requests through the filter: waiting, refused, and what they are told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.flowcontrol.support import level, queuing, schema

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from pilothouse.flowcontrol.controller import FlowController
from pilothouse.flowcontrol.estimator import WatchTracker, WorkEstimator
from pilothouse.flowcontrol.metrics import FlowControlMetrics
from pilothouse.observability.metrics import Registry
from pilothouse.server.filters.priority_and_fairness import FlowControl, with_priority_and_fairness
from pilothouse.server.metrics import ServerMetrics

Build = Callable[..., Request]


class Gate:
    """A handler that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.running = 0

    async def __call__(self, request: Request) -> Response:
        self.running += 1
        try:
            await self.open.wait()
        finally:
            self.running -= 1
        return Response(200)


def control(seats: int = 1, queues: int = 1, length: int = 2) -> FlowControl:
    def later(seconds: float, function: Callable[[], None]) -> Any:
        return asyncio.get_running_loop().call_later(seconds, function)

    controller = FlowController(seats, later, metrics=FlowControlMetrics(Registry()))
    controller.apply("PriorityLevelConfiguration", "catch-all", level("catch-all", 1))
    controller.apply("PriorityLevelConfiguration", "mine", level("mine", 100, response=queuing(queues, length, 1)))
    controller.apply("FlowSchema", "bobs", schema("bobs", "mine"))
    watches = WatchTracker()
    return FlowControl(controller, WorkEstimator(lambda group, resource: (1, 1), watches), watches, 5.0)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def arrived(request: Request) -> Request:
    request.context.received_at = time.monotonic()
    return request


def test_requests_wait_for_their_turn(build: Build, metrics: ServerMetrics) -> None:
    async def run() -> None:
        gate, flow = Gate(), control()
        handler = with_priority_and_fairness(gate, flow, metrics)
        requests = [arrived(build()) for _ in range(4)]
        tasks = [asyncio.ensure_future(handler(request)) for request in requests]
        await settle()
        assert gate.running == 1
        text = metrics.registry.render().decode()
        assert 'apiserver_current_inflight_requests{request_kind="readOnly"} 1' in text
        assert 'apiserver_current_inqueue_requests{request_kind="readOnly"} 2' in text
        gate.open.set()
        answers = await asyncio.gather(*tasks)
        # one ran, two waited, and the fourth found the queue full
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert (b"retry-after", b"1") in answers[3].headers
        assert answers[3].body == b"Too many requests, please try again later.\n"
        assert dict(requests[0].context.response_headers)[b"x-kubernetes-pf-flowschema-uid"] == b"uid-bobs"
        assert dict(requests[3].context.response_headers)[b"x-kubernetes-pf-prioritylevel-uid"] == b"uid-mine"
        assert requests[1].context.latency is not None
        assert flow.controller.levels["mine"].set.idle
        assert flow.controller.waiting["readOnly"].count.value == flow.controller.executing["readOnly"].count.value == 0

    asyncio.run(run())


def test_nobody_waits_longer_than_a_quarter_of_his_time(build: Build, metrics: ServerMetrics) -> None:
    async def run() -> None:
        gate, flow = Gate(), control()
        handler = with_priority_and_fairness(gate, flow, metrics)
        first = asyncio.ensure_future(handler(arrived(build())))
        await settle()
        second = arrived(build())
        second.context.deadline = second.context.received_at + 0.04
        assert (await handler(second)).status == 429
        gate.open.set()
        assert (await first).status == 200
        assert flow.controller.levels["mine"].set.idle

    asyncio.run(run())


def test_a_client_that_goes_away_frees_its_place(build: Build, metrics: ServerMetrics) -> None:
    async def run() -> None:
        gate, flow = Gate(), control()
        handler = with_priority_and_fairness(gate, flow, metrics)
        first, second = (asyncio.ensure_future(handler(arrived(build()))) for _ in range(2))
        await settle()
        for task in (second, first):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert flow.controller.levels["mine"].set.idle

    asyncio.run(run())


def test_masters_and_long_requests_never_wait(build: Build, metrics: ServerMetrics, ok: Handler) -> None:
    async def run() -> None:
        gate, flow = Gate(), control()
        handler = with_priority_and_fairness(gate, flow, metrics)
        busy = asyncio.ensure_future(handler(arrived(build())))
        await settle()
        quick = with_priority_and_fairness(ok, flow, ServerMetrics(Registry()))
        master = arrived(build("GET", "/api/v1/pods", User("root", groups=("system:masters",))))
        assert (await quick(master)).status == 200
        assert (await quick(arrived(build("POST", "/api/v1/namespaces/ns/pods/p/exec")))).status == 200
        gate.open.set()
        await busy

    asyncio.run(run())


def test_a_watch_needs_its_seat_only_to_begin(build: Build, metrics: ServerMetrics) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    async def stream(request: Request) -> Response:
        return StreamResponse(chunks())

    async def run() -> None:
        flow = control()
        handler = with_priority_and_fairness(stream, flow, metrics)
        watch = arrived(build("GET", "/api/v1/pods?watch=true"))
        answer = await handler(watch)
        assert isinstance(answer, StreamResponse)
        levels = flow.controller.levels["mine"].set
        assert levels.idle
        assert flow.watches.interested(build("POST", "/api/v1/namespaces/ns/pods").context.request_info) == 1
        assert [chunk async for chunk in answer.stream] == [b"x"]
        assert flow.watches.interested(build("POST", "/api/v1/namespaces/ns/pods").context.request_info) == 0
        # a list that is sent in pieces keeps its seat until the last
        answer = await handler(arrived(build("GET", "/api/v1/pods")))
        assert isinstance(answer, StreamResponse)
        assert not levels.idle
        assert [chunk async for chunk in answer.stream] == [b"x"]
        assert levels.idle

    asyncio.run(run())


def test_bugs_free_their_seats(build: Build, metrics: ServerMetrics) -> None:
    async def bug(request: Request) -> Response:
        raise KeyError("x")

    async def run() -> None:
        flow = control()
        with pytest.raises(KeyError):
            await with_priority_and_fairness(bug, flow, metrics)(arrived(build()))
        assert flow.controller.levels["mine"].set.idle

    asyncio.run(run())
