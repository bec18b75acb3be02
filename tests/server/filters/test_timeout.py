"""Deadlines: what sets them, and what happens when they pass. Clocks are handed in; the loop's timers are real."""

import asyncio
from collections.abc import Callable

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.server.filters.request_deadline import with_request_deadline
from pilothouse.server.filters.timeout import with_timeout
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status


@pytest.mark.parametrize(
    ("url", "deadline"),
    [
        ("/api/v1/pods", 160.0), ("/api/v1/pods?timeout=10s", 110.0), ("/api/v1/pods?timeout=0s", 160.0),
        ("/api/v1/pods?timeout=1h", 160.0), ("/api/v1/pods?timeout=-5s", 160.0), ("/api/v1/pods?timeout=", 160.0),
        ("/api/v1/pods?watch=1&timeout=10s", None),
    ],
)
def test_deadline(build: Callable[..., Request], url: str, deadline: float | None) -> None:
    async def handle(request: Request) -> Response:
        return Response()

    request = build("GET", url)
    request.context.received_at = 100.0

    async def run() -> Response:
        return await with_request_deadline(handle, 60.0, render_status)(request)

    assert asyncio.run(run()).status == 200
    assert request.context.deadline == deadline


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("abc", 'time: invalid duration "abc"'), ("10", 'time: missing unit in duration "10"'),
        ("10x", 'time: unknown unit "x" in duration "10x"'),
    ],
)
def test_a_bad_timeout_is_a_bad_request(build: Callable[..., Request], value: str, reason: str) -> None:
    async def handle(request: Request) -> Response:
        return Response()

    async def run() -> Response:
        return await with_request_deadline(handle, 60.0, render_status)(build("GET", f"/api/v1/pods?timeout={value}"))

    response = asyncio.run(run())
    assert response.status == 400
    assert orjson.loads(response.body)["message"] == f"invalid timeout specified in the request URL - {reason}"


async def never(request: Request) -> Response:
    await asyncio.Event().wait()
    return Response()


def run_with(
    request: Request, received: float, deadline: float | None, metrics: ServerMetrics, clock: Callable[[], float],
    timeout: float = 60.0,
) -> Response:
    request.context.received_at = received
    request.context.deadline = deadline

    async def run() -> Response:
        return await with_timeout(never, timeout, metrics, clock)(request)

    return asyncio.run(run())


def check_timed_out(response: Response, metrics: ServerMetrics) -> None:
    assert response.status == 504
    assert response.headers == [(b"content-type", b"text/plain; charset=utf-8")]
    assert orjson.loads(response.body) == {
        "metadata": {}, "status": "Failure", "reason": "Timeout", "details": {}, "code": 504,
        "message": "Timeout: request did not complete within the allotted timeout",
    }
    text = metrics.registry.render().decode()
    assert 'apiserver_request_terminations_total{code="504",' in text
    assert 'apiserver_request_post_timeout_total{source="timeout-handler",status="ok"} 1\n' in text


def test_a_shorter_deadline_cuts_off(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    check_timed_out(run_with(build(), 0.0, 1.0, metrics, lambda: 1.0), metrics)


def test_the_servers_timeout_cuts_off(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    check_timed_out(run_with(build(), 0.0, 0.01, metrics, lambda: 100.0, timeout=0.01), metrics)


def test_a_request_in_time_is_not_touched(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    async def quick(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(201)

    async def run(deadline: float) -> Response:
        request = build()
        request.context.deadline = deadline
        response = await with_timeout(quick, 60.0, metrics, lambda: 0.0)(request)
        await asyncio.sleep(0)
        return response

    assert asyncio.run(run(60.0)).status == 201
    assert asyncio.run(run(1.0)).status == 201


@pytest.mark.parametrize("deadline", [60.0, 1.0])
def test_a_cancellation_by_others_goes_on(
    build: Callable[..., Request], metrics: ServerMetrics, deadline: float
) -> None:
    async def run() -> None:
        request = build()
        request.context.deadline = deadline

        async def serve() -> Response:
            return await with_timeout(never, 60.0, metrics, lambda: 0.0)(request)

        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_an_answer_in_the_turn_of_its_deadline_stays(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    """A handler that shields itself from the cancellation answers, and its task is not left cancelled."""

    async def stubborn(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Response(202)
        return Response()

    async def run() -> tuple[int, int]:
        request = build()
        request.context.deadline = 1.0
        response = await with_timeout(stubborn, 60.0, metrics, lambda: 1.0)(request)
        task = asyncio.current_task()
        assert task is not None
        return response.status, task.cancelling()

    assert asyncio.run(run()) == (202, 0)
