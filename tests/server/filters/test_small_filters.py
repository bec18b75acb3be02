"""Filters of a few lines each."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable

import pytest

from pilothouse.apimachinery.http import ClientGone, Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from pilothouse.observability.logging import Logger
from pilothouse.server.filters.cache_control import with_cache_control
from pilothouse.server.filters.cors import with_cors
from pilothouse.server.filters.goaway import with_probabilistic_goaway
from pilothouse.server.filters.hsts import with_hsts
from pilothouse.server.filters.http_log import with_http_logging
from pilothouse.server.filters.late_requests import with_late_connection_filter, with_non_ready_request_logging
from pilothouse.server.filters.mux_complete import with_mux_and_discovery_complete
from pilothouse.server.filters.panic_recovery import with_panic_recovery
from pilothouse.server.filters.received_timestamp import with_received_timestamp
from pilothouse.server.filters.retry_after import with_not_ready, with_opt_in_retry_after, with_retry_after
from pilothouse.server.filters.shutdown_header import with_shutdown_response_header
from pilothouse.server.filters.startup_annotation import with_startup_early_annotation
from pilothouse.server.lifecycle import Signal
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status
from pilothouse.server.streams import TrackedStream

Build = Callable[..., Request]


def serve(handler: Handler, request: Request) -> Response:
    async def run() -> Response:
        return await handler(request)

    return asyncio.run(run())


def test_received_timestamp(build: Build, ok: Handler) -> None:
    request = build()
    serve(with_received_timestamp(ok, lambda: 42.0), request)
    assert request.context.received_at == 42.0


@pytest.mark.parametrize("error", [ClientGone, asyncio.CancelledError])
def test_requests_whose_client_has_gone_are_aborted(
    build: Build, metrics: ServerMetrics, error: type[BaseException]
) -> None:
    async def handle(request: Request) -> Response:
        raise error

    with pytest.raises(error):
        serve(with_panic_recovery(handle, render_status, metrics), build("POST", "/api/v1/namespaces/a/pods"))
    assert (
        'apiserver_request_aborts_total{group="",resource="pods",scope="resource",subresource="",verb="POST",'
        'version="v1"} 1\n'
    ) in metrics.registry.render().decode()


def test_mux_complete_marks_early_requests(build: Build, ok: Handler) -> None:
    complete = Signal("MuxAndDiscoveryComplete")
    early, late = build(), build()
    handler = with_mux_and_discovery_complete(ok, complete)
    serve(handler, early)
    complete.signal()
    serve(handler, late)
    assert (early.context.mux_incomplete, late.context.mux_incomplete) == (True, False)


def test_hsts_and_cache_control(build: Build, ok: Handler) -> None:
    assert with_hsts(ok, ()) is ok
    request = build()
    serve(with_hsts(with_cache_control(ok), ["max-age=31536000", "includeSubDomains"]), request)
    assert request.context.response_headers == [
        (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
        (b"cache-control", b"no-cache, private"),
    ]


def test_goaway_by_chance(build: Build, ok: Handler) -> None:
    assert with_probabilistic_goaway(ok, 0.0) is ok
    drawn = iter([0.01, 0.0199, 0.02, 0.5])
    handler = with_probabilistic_goaway(ok, 0.02, lambda: next(drawn))
    closes = []
    for protocol in ("HTTP/2.0", "HTTP/1.1", "HTTP/2.0", "HTTP/2.0", "HTTP/2.0"):
        request = build()
        request.protocol = protocol
        serve(handler, request)
        closes.append(request.context.response_headers == [(b"connection", b"close")])
    assert closes == [True, False, True, False, False]


def test_cors(build: Build, ok: Handler) -> None:
    assert with_cors(ok, ()) is ok
    handler = with_cors(ok, [r"//example\.com(:|$)"])
    for origin in ("", "https://evil.org"):
        request = build("OPTIONS", origin=origin)
        assert serve(handler, request).status == 200
        assert request.context.response_headers == []
    request = build("OPTIONS", origin="https://example.com")
    assert serve(handler, request).status == 204
    headers = dict(request.context.response_headers)
    assert headers[b"access-control-allow-origin"] == b"https://example.com"
    assert headers[b"access-control-allow-methods"] == b"POST, GET, OPTIONS, PUT, DELETE, PATCH"
    assert headers[b"access-control-allow-credentials"] == b"true"
    assert serve(handler, build("GET", origin="https://example.com")).status == 200


def test_retry_after_while_shutting_down(build: Build, ok: Handler) -> None:
    signal = Signal("NotAcceptingNewRequest")
    handler = with_retry_after(ok, signal)
    assert serve(handler, build()).status == 200
    signal.signal()
    response = serve(handler, build())
    assert (response.status, response.body) == (429, b"The apiserver is shutting down, please try again later.\n")
    assert (b"retry-after", b"5") in response.headers
    assert (b"connection", b"close") in response.headers
    assert serve(handler, build("GET", "/readyz/ping")).status == 200
    assert serve(handler, build(user_agent="kube-apiserver/v1")).status == 200


def test_opt_in_retry_after(build: Build, ok: Handler) -> None:
    ready = Signal("HasBeenReady")
    handler = with_opt_in_retry_after(ok, ready)
    assert serve(handler, build()).status == 200
    assert serve(handler, build(x_openshift_internal_if_not_ready="reject")).status == 429
    ready.signal()
    assert serve(handler, build(x_openshift_internal_if_not_ready="reject")).status == 200


def test_not_ready(build: Build, ok: Handler) -> None:
    ready = Signal("HasBeenReady")
    handler = with_not_ready(ok, ready)
    assert serve(handler, build()).status == 503
    own = build("GET", user=User("system:apiserver"))
    assert serve(handler, own).status == 200
    assert own.context.warnings == ["The apiserver was still initializing, while this request was being served"]
    ready.signal()
    assert serve(handler, build()).status == 200


def test_shutdown_header_is_for_those_who_ask(build: Build, ok: Handler) -> None:
    now = [100.0]
    signal = Signal("ShutdownInitiated", lambda: now[0])
    handler = with_shutdown_response_header(ok, signal, 70.0, "server-1", lambda: now[0])
    silent, before = build(), build(x_openshift_if_disruption="true")
    serve(handler, silent)
    serve(handler, before)
    assert silent.context.response_headers == []
    assert before.context.response_headers == [
        (b"x-openshift-disruption", b"shutdown=false shutdown-delay-duration=1m10s elapsed=0s host=server-1")
    ]
    signal.signal()
    now[0] = 103.0
    after = build(x_openshift_if_disruption="true")
    serve(handler, after)
    assert after.context.response_headers[0][1].startswith(b"shutdown=true shutdown-delay-duration=1m10s elapsed=3s")


def test_startup_annotation(build: Build, ok: Handler) -> None:
    ready = Signal("HasBeenReady")
    handler = with_startup_early_annotation(ok, ready)
    early, probe, own = build(), build("GET", "/readyz"), build("GET", user=User("system:apiserver"))
    for request in (early, probe, own):
        serve(handler, request)
    assert early.context.audit_annotations == {"apiserver.k8s.io/startup": "early=true self=false loopback=false"}
    assert probe.context.audit_annotations is None
    assert own.context.audit_annotations is None
    ready.signal()
    late = build()
    serve(handler, late)
    assert late.context.audit_annotations is None


def test_requests_at_the_wrong_time_are_served(build: Build, ok: Handler) -> None:
    assert with_late_connection_filter(ok, None) is ok
    handler = with_late_connection_filter(ok, {("192.0.2.7", 4711)})
    assert serve(with_non_ready_request_logging(handler, Signal("HasBeenReady")), build()).status == 200


def test_http_log_is_off_below_level_3(build: Build, ok: Handler) -> None:
    stream = io.StringIO()
    target = Logger(stream)
    handler = with_http_logging(ok, target, lambda: 1.5)
    request = build("GET", "/api/v1/namespaces/a/pods?limit=1", user_agent="kubectl")
    serve(handler, request)
    target.configure(verbosity=3)
    request.context.received_at = 1.0
    request.context.audit_id = "the-id"
    serve(handler, request)
    target.writer.flush()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.partition("] ")[2] == (
        '"HTTP" verb="LIST" URI="/api/v1/namespaces/a/pods?limit=1" latency="500ms" userAgent="kubectl"'
        ' audit-ID="the-id" srcIP="192.0.2.7:4711" resp=200\n'
    )


def test_http_log_of_a_watch_is_written_at_its_end(build: Build) -> None:
    stream = io.StringIO()
    target = Logger(stream)
    target.configure(verbosity=3)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}\n"

    async def handle(request: Request) -> Response:
        return StreamResponse(chunks())

    async def run() -> None:
        response = await with_http_logging(handle, target)(build("GET", "/api/v1/pods?watch=1"))
        target.writer.flush()
        assert stream.getvalue() == ""
        assert isinstance(response, StreamResponse)
        assert isinstance(response.stream, TrackedStream)
        assert [chunk async for chunk in response.stream] == [b"{}\n"]
        target.writer.flush()
        assert 'verb="WATCH"' in stream.getvalue()

    asyncio.run(run())
