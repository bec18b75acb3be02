"""Which stages a request is told of, whatever becomes of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import orjson
import pytest
from tests.audit.support import Kept, metrics

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import ClientGone, Handler, Request, Response, StreamResponse
from pilothouse.audit.auditor import Auditor
from pilothouse.audit.event import Event
from pilothouse.audit.policy import Policy
from pilothouse.observability.metrics import Registry
from pilothouse.server.filter_metrics import FilterMetrics
from pilothouse.server.filters.audit import attempted, audited_refusal, with_audit
from pilothouse.server.filters.request_deadline import with_request_deadline
from pilothouse.server.responses import render_status

Build = Callable[..., Request]


def auditor(kept: Kept, level: str = "Metadata") -> Auditor:
    return Auditor(Policy({"rules": [{"level": level}]}), kept, metrics()[0])


def audited(
    handler: Handler, kept: Kept, level: str = "Metadata", clock: Callable[[], float] = time.monotonic
) -> Handler:
    return with_audit(handler, auditor(kept, level), render_status, FilterMetrics(Registry()), clock)


def told(kept: Kept) -> list[tuple[str, Any]]:
    """(stage, code) of every event."""
    events = [orjson.loads(event.json) for event in kept.events]
    return [(event["stage"], event.get("responseStatus", {}).get("code")) for event in events]


def serve(handler: Handler, request: Request, kept: Kept, level: str = "Metadata") -> Response:
    async def run() -> Response:
        return await audited(handler, kept, level)(request)

    return asyncio.run(run())


def test_a_request(build: Build, ok: Handler) -> None:
    kept = Kept()
    request = build()
    assert serve(ok, request, kept).status == 200
    assert told(kept) == [("RequestReceived", None), ("ResponseComplete", 200)]
    assert request.context.audit is not None
    assert with_audit(ok, None, render_status, FilterMetrics(Registry())) is ok


def test_the_level_none(build: Build, ok: Handler) -> None:
    kept = Kept()
    request = build()
    serve(ok, request, kept, "None")
    assert (told(kept), request.context.audit) == ([], None)


def test_what_cannot_be_audited_is_not_served(build: Build) -> None:
    async def handle(request: Request) -> Response:
        raise AssertionError("served")

    response = serve(handle, build(), Kept(works=False))
    assert (response.status, b"failed to store audit event" in response.body) == (500, True)


def test_errors_and_bugs(build: Build) -> None:
    async def refuse(request: Request) -> Response:
        raise status.bad_request("no")

    async def bug(request: Request) -> Response:
        raise KeyError("x")

    kept = Kept()
    assert serve(refuse, build(), kept).status == 400
    assert told(kept)[-1] == ("ResponseComplete", 400)
    assert orjson.loads(kept.events[-1].json)["responseStatus"] == {
        "metadata": {}, "status": "Failure", "message": "no", "reason": "BadRequest", "code": 400
    }
    with pytest.raises(KeyError):
        serve(bug, build(), kept)
    assert told(kept)[-1] == ("Panic", 500)
    assert "APIServer panic'd" in orjson.loads(kept.events[-1].json)["responseStatus"]["message"]


class Held(Kept):
    """Says that events are written only when told to."""

    def __init__(self, **how: bool) -> None:
        super().__init__(**how)
        self.futures: list[asyncio.Future[bool]] = []

    def process(self, events: Sequence[Event]) -> list[asyncio.Future[bool]]:
        self.batches.append(list(events))
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1:]


@pytest.mark.parametrize(
    ("how", "method", "url", "waits"),
    [
        ({"strict": False}, "GET", "/api/v1/pods", False),
        ({"strict": False}, "GET", "/healthz", False),
        ({"strict": False}, "DELETE", "/api/v1/pods", True),
        ({"strict": False}, "GET", "/api/v1/namespaces/ns/pods/p/exec", True),
        ({"strict": False, "ordered": False}, "GET", "/api/v1/pods", True),
        ({"strict": True}, "GET", "/api/v1/pods", True),
    ],
)
def test_what_waits_for_the_first_event_and_for_the_last(
    build: Build, ok: Handler, how: dict[str, bool], method: str, url: str, waits: bool
) -> None:
    async def run() -> None:
        kept = Held(**how)
        task = asyncio.create_task(audited(ok, kept)(build(method, url)))
        await asyncio.sleep(0)
        assert (len(kept.events) == 1) is waits
        if waits:
            kept.futures[0].set_result(how["strict"])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for n in range(1, 3 if url.endswith("exec") else 2):
            assert not task.done()
            kept.futures[n].set_result(False)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert task.done()
        assert (await task).status == 200

    asyncio.run(run())


def test_a_request_that_runs_out_of_time(build: Build) -> None:
    async def handle(request: Request) -> Response:
        raise asyncio.CancelledError

    async def run() -> None:
        kept = Kept()
        request = build()
        request.context.deadline = 10.0
        with pytest.raises(asyncio.CancelledError):
            await audited(handle, kept, clock=lambda: 10.0)(request)
        assert orjson.loads(kept.events[-1].json)["responseStatus"] == {
            "metadata": {}, "status": "Failure", "reason": "Timeout", "details": {}, "code": 504,
            "message": "Timeout: request did not complete within requested timeout - context deadline exceeded",
        }

    asyncio.run(run())


def test_a_body_that_never_comes_is_no_panic(build: Build) -> None:
    async def handle(request: Request) -> Response:
        raise ClientGone("gone")

    kept = Kept()
    with pytest.raises(ClientGone):
        serve(handle, build(), kept)
    assert told(kept)[-1] == ("ResponseComplete", 200)


def test_a_long_running_request_whose_client_goes_has_started(build: Build) -> None:
    async def handle(request: Request) -> Response:
        raise asyncio.CancelledError

    async def run() -> None:
        kept = Kept()
        with pytest.raises(asyncio.CancelledError):
            await audited(handle, kept)(build("GET", "/api/v1/pods?watch=true"))
        assert [stage for stage, _ in told(kept)] == ["RequestReceived", "ResponseStarted", "ResponseComplete"]

    asyncio.run(run())


@pytest.mark.parametrize(("url", "stages"), [
    ("/api/v1/namespaces/ns/pods/p/exec", ["RequestReceived", "ResponseStarted", "ResponseComplete"]),
    ("/apis/other/v1/namespaces/ns/things/t/console", ["RequestReceived", "ResponseComplete"]),
])
def test_an_upgrade_has_started_when_it_begins(build: Build, url: str, stages: list[str]) -> None:
    class Offer:
        before: Callable[[], Awaitable[None]]

    async def carry(request: Request) -> Response:
        await request.upgrade.before()
        assert [stage for stage, _ in told(kept)] == stages[:-1]
        return Response(101)

    kept = Kept()
    request = build("POST", url)
    request.upgrade = Offer()
    serve(carry, request, kept)
    assert told(kept) == [("RequestReceived", None), *((stage, 101) for stage in stages[1:])]


def test_a_bug_in_a_stream_is_a_panic(build: Build) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("x")

    async def watch(request: Request) -> Response:
        return StreamResponse(chunks())

    async def run() -> None:
        kept = Kept()
        response = await audited(watch, kept)(build("GET", "/api/v1/pods?watch=true"))
        assert isinstance(response, StreamResponse)
        assert await response.stream.__anext__() == b"a"
        with pytest.raises(KeyError):
            await response.stream.__anext__()
        await response.stream.aclose()  # type: ignore[attr-defined]
        assert told(kept)[2:] == [("Panic", 500)]

    asyncio.run(run())


def test_a_watch_is_told_of_when_it_starts_and_when_it_ends(build: Build) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def watch(request: Request) -> Response:
        return StreamResponse(chunks())

    async def run() -> None:
        kept = Kept()
        request = build("GET", "/api/v1/pods?watch=true")
        handler = audited(watch, kept)
        response = await handler(request)
        assert isinstance(response, StreamResponse)
        assert told(kept) == [("RequestReceived", None), ("ResponseStarted", 200)]
        assert [chunk async for chunk in response.stream] == [b"a", b"b"]
        await response.stream.aclose()  # type: ignore[attr-defined]
        assert told(kept)[2:] == [("ResponseComplete", 200)]
        # one that the client leaves
        response = await handler(build("GET", "/api/v1/pods?watch=true"))
        assert isinstance(response, StreamResponse)
        await response.stream.__anext__()
        await response.stream.aclose()  # type: ignore[attr-defined]
        assert told(kept)[-1] == ("ResponseComplete", 200)

    asyncio.run(run())


def test_a_client_that_goes_away(build: Build) -> None:
    async def handle(request: Request) -> Response:
        raise asyncio.CancelledError

    async def run() -> None:
        kept = Kept()
        with pytest.raises(asyncio.CancelledError):
            await audited(handle, kept)(build())
        event = orjson.loads(kept.events[-1].json)
        assert (event["stage"], event["responseStatus"]["message"]) == ("ResponseComplete", "Connection closed early")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "query", "text"),
    [
        ({}, "", "Authentication failed, no credentials provided"),
        ({"authorization": "Bearer abc"}, "", "Authentication failed, attempted: bearer"),
        ({"authorization": "basic YTpi"}, "?access_token=x", "Authentication failed, attempted: basic, access_token"),
        ({"authorization": "Basic abc"}, "", "Authentication failed, no credentials provided"),
        ({"authorization": "Basic YWI="}, "", "Authentication failed, no credentials provided"),
        ({"authorization": "Bearer"}, "", "Authentication failed, no credentials provided"),
    ],
)
def test_how_a_request_tried_to_authenticate(build: Build, headers: dict[str, str], query: str, text: str) -> None:
    request = build("GET", f"/api/v1/pods{query}", None, **headers)
    assert attempted(request) == text
    request.peer_certificates = [b"x"]
    assert "x509" in attempted(request)


def test_refusals_are_told_of_without_a_user(build: Build) -> None:
    kept = Kept()
    request = build()
    del request.context.user
    plain = audited_refusal(lambda r: Response(401), auditor(kept), attempted)

    async def run() -> Response:
        return await plain(request)

    assert asyncio.run(run()).status == 401
    event = orjson.loads(kept.events[0].json)
    assert (event["stage"], event["user"]) == ("ResponseStarted", {})
    assert event["responseStatus"] == {
        "metadata": {}, "message": "Authentication failed, no credentials provided", "code": 401
    }


def test_a_bad_timeout_is_told_of(build: Build, ok: Handler) -> None:
    kept = Kept()
    handler = with_request_deadline(ok, 60.0, render_status, auditor(kept))

    async def run() -> Response:
        return await handler(build("GET", "/api/v1/pods?timeout=x"))

    assert asyncio.run(run()).status == 400
    assert told(kept) == [("ResponseStarted", 400)]
