"""HTTP/2 connections as clients want them: requests, bodies, windows, the end."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import h2.errors
import pytest
from tests.transport.http2.support import Connect, serve

from pilothouse.apimachinery.http import ClientGone, Request, Response, StreamResponse
from pilothouse.apimachinery.status import StatusError
from pilothouse.transport import pki
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer


async def echo(request: Request) -> Response:
    body = await request.body(1 << 20)
    text = f"{request.method} {request.path} {request.raw_query} {request.protocol} {request.header(b'host')} "
    return Response(200, text.encode() + body, [(b"content-type", b"text/plain")])


def test_requests_one_after_the_other_and_together(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        answer = await client.get("/a%20b?x=%20")
        assert (answer.status, answer.body) == (200, b"GET /a b x=%20 HTTP/2.0 host.example ")
        assert answer.headers[b"content-length"] == b"37"
        assert answer.headers[b"date"].endswith(b"GMT")
        streams = [client.ask(f"/{number}") for number in range(100)]
        for number, stream in enumerate(streams):
            assert (await client.answer(stream)).body == b"GET /%d  HTTP/2.0 host.example " % number

    serve(made, echo, test)


def test_the_handler_sees_the_target_as_it_was_sent(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, request.target)

    async def test(connect: Connect, server: HTTPServer) -> None:
        assert (await (await connect()).get("/a%20b?x=%20")).body == b"/a%20b?x=%20"

    serve(made, handler, test)


def test_the_other_protocol_on_the_same_port(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        for protocols in ([], ["http/1.1"]):
            context = ssl.create_default_context(cafile=str(made.ca.certificate))
            if protocols:
                context.set_alpn_protocols(protocols)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
            writer.write(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"\r\n\r\nGET /x  HTTP/1.1 h ")
            writer.close()

    serve(made, echo, test)


def test_the_handler_sees_the_client_and_its_certificate(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        assert request.client is not None
        return Response(200, request.client[0].encode() + b" " + request.peer_certificates[0])

    async def test(connect: Connect, server: HTTPServer) -> None:
        answer = await (await connect()).get()
        der = ssl.PEM_cert_to_DER_cert(made.admin.certificate.read_text())
        assert answer.body == b"127.0.0.1 " + der

    serve(made, handler, test)


def test_answers_without_a_body(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        return Response(204 if request.path == "/none" else 200, b"" if request.path == "/none" else b"abc")

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        head, none = await client.get(method="HEAD"), await client.get("/none")
        assert (head.status, head.headers[b"content-length"], head.body) == (200, b"3", b"")
        assert (none.status, none.body) == (204, b"")
        assert b"content-length" not in none.headers

    serve(made, handler, test)


@pytest.mark.parametrize("window", [None, 1 << 20, 1000])
def test_bodies_larger_than_any_window(made: pki.PKI, window: int | None) -> None:
    body = bytes(range(256)) * 4000

    async def pieces() -> AsyncIterator[bytes]:
        yield b""
        yield body
        yield body[:1000]

    async def handler(request: Request) -> Response:
        return StreamResponse(pieces()) if request.path == "/stream" else Response(200, body)

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect(window=window)
        whole, streamed = client.ask(), client.ask("/stream")
        assert (await client.answer(whole)).body == body
        assert (await client.answer(streamed)).body == body + body[:1000]

    serve(made, handler, test)


def test_uploads(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        if request.path == "/chunks":
            return Response(200, b"%d" % sum([len(chunk) async for chunk in request.chunks()]))
        return Response(200, b"%d" % len(await request.body(3 << 20)))

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        for path in ("/chunks", "/body"):
            stream = client.ask(path, "POST", body=True)
            left = 2 << 20
            while left:
                await client.until(lambda stream=stream: client.h2.local_flow_control_window(stream) > 0)
                size = min(left, client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size)
                client.h2.send_data(stream, bytes(size), end_stream=size == left)
                left -= size
            assert (await client.answer(stream)).body == b"%d" % (2 << 20)
        trailing = client.ask("/body", "POST", body=True)
        client.h2.send_data(trailing, b"abc")
        client.h2.send_headers(trailing, [("x-trailer", "1")], end_stream=True)
        assert (await client.answer(trailing)).body == b"3"

    serve(made, handler, test)


def test_a_body_over_the_limit_is_answered_at_once_and_told_off(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        try:
            await request.body(1000)
        except StatusError as error:
            return Response(error.code, b"too large")
        return Response()

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        for _ in range(30):
            stream = client.ask(method="POST", body=True)
            client.h2.send_data(stream, bytes(1500))
            answer = client.answers[stream]
            await client.until(lambda answer=answer: answer.reset is not None)
            assert (answer.status, answer.body, answer.ended) == (413, b"too large", True)
            assert answer.reset == h2.errors.ErrorCodes.NO_ERROR
        assert (await client.get()).status == 200

    serve(made, handler, test)


def test_expect_continue(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        stream = client.ask("/", "POST", body=True, expect="100-continue")
        answer = client.answers[stream]
        await client.until(lambda: answer.informational == [b"100"])
        client.h2.send_data(stream, b"abc", end_stream=True)
        assert (await client.answer(stream)).body.endswith(b" abc")

    serve(made, echo, test)


def test_a_stream_that_nobody_reads_holds_up_no_other_and_is_not_made_further(made: pki.PKI) -> None:
    made_so_far = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal made_so_far
        while True:
            made_so_far += 10_000
            yield bytes(10_000)

    async def handler(request: Request) -> Response:
        return StreamResponse(endless()) if request.path == "/endless" else Response(200, b"x" * 500_000)

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect(window=50_000)
        client.h2.increment_flow_control_window(1 << 24)
        stream = client.ask("/endless")
        client.unread.add(stream)
        await client.until(lambda: len(client.answers[stream].body) == 50_000)
        for _ in range(3):
            assert len((await client.get()).body) == 500_000
        assert made_so_far < 250_000

    serve(made, handler, test)


def test_a_large_answer_lets_small_ones_by(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, bytes(20_000_000 if request.path == "/large" else 100))

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect(window=1 << 30)
        client.h2.increment_flow_control_window(1 << 30)
        large = client.ask("/large")
        await client.until(lambda: client.answers[large].body != b"")
        assert (await client.get("/small")).ended
        assert len(client.answers[large].body) < 15_000_000
        assert len((await client.answer(large)).body) == 20_000_000

    serve(made, handler, test)


def test_a_body_that_nobody_reads_stops_at_its_window_and_holds_up_no_other(made: pki.PKI) -> None:
    release = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/later":
            await release.wait()
        return Response(200, b"%d" % len(await request.body(1 << 20)))

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        later = client.ask("/later", "POST", body=True)
        await client.until(lambda: client.h2.local_flow_control_window(later) == 256 * 1024)
        for _ in range(16):
            client.h2.send_data(later, bytes(16 * 1024))
        assert client.h2.local_flow_control_window(later) == 0
        other = client.ask("/now", "POST", body=True)
        client.h2.send_data(other, bytes(10), end_stream=True)
        assert (await client.answer(other)).body == b"10"
        assert client.h2.local_flow_control_window(later) == 0
        release.set()
        await client.until(lambda: client.h2.local_flow_control_window(later) > 0)
        client.h2.send_data(later, b"", end_stream=True)
        assert (await client.answer(later)).body == b"262144"

    serve(made, handler, test)


class Hanging:
    """A handler whose requests never end by themselves."""

    def __init__(self) -> None:
        self.begun = self.cancelled = self.closed = 0
        self.over = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        if request.path == "/stream":
            return StreamResponse(self._stream())
        self.begun += 1
        try:
            if request.method == "POST":
                await request.body(1 << 20)
            await asyncio.get_running_loop().create_future()
        except (asyncio.CancelledError, ClientGone):
            self.cancelled += 1
            self.over.set()
            raise
        return Response()

    async def _stream(self) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.get_running_loop().create_future()
        finally:
            self.closed += 1
            self.over.set()


def test_a_reset_cancels_the_request(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        hanging = handler
        client = await connect()
        for path, method in (("/", "GET"), ("/stream", "GET"), ("/", "POST")):
            hanging.over.clear()
            stream = client.ask(path, method, body=method == "POST")
            await client.until(
                (lambda stream=stream: client.answers[stream].body == b"first") if path == "/stream" else lambda: True
            )
            while path != "/stream" and hanging.begun == hanging.cancelled:
                await asyncio.sleep(0)
            client.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            await client.flush()
            await hanging.over.wait()
        assert (hanging.begun, hanging.cancelled, hanging.closed) == (2, 2, 1)

    handler = Hanging()
    serve(made, handler, test)


def test_the_end_of_the_connection_cancels_all(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        stream = client.ask("/stream")
        client.ask()
        await client.until(lambda: client.answers[stream].body == b"first" and handler.begun == 1)
        await client.close()
        while not (handler.cancelled and handler.closed and not server.connections):
            await asyncio.sleep(0.001)

    handler = Hanging()
    serve(made, handler, test)


def test_bugs_and_broken_streams_reset_the_stream_only(made: pki.PKI) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("no more")

    async def handler(request: Request) -> Response:
        if request.path == "/bug":
            raise RuntimeError("bug")
        return StreamResponse(broken()) if request.path == "/stream" else Response()

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        for path in ("/bug", "/stream"):
            assert (await client.get(path)).reset == h2.errors.ErrorCodes.INTERNAL_ERROR
        assert (await client.get()).status == 200

    serve(made, handler, test)


def test_targets_that_make_no_sense(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        assert (await client.get("/%zz")).reset == h2.errors.ErrorCodes.PROTOCOL_ERROR
        assert (await client.get("*", "OPTIONS")).body.startswith(b"OPTIONS * ")

    serve(made, echo, test)


def test_connection_close_becomes_goaway(made: pki.PKI) -> None:
    release = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/long":
            await release.wait()
        return Response(200, b"", [(b"connection", b"close")] if request.path == "/close" else [])

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        long, last = client.ask("/long"), client.ask("/close")
        await client.until(lambda: client.goaway is not None and client.answers[last].ended)
        assert client.goaway is not None
        assert (client.goaway.error_code, client.goaway.last_stream_id) == (h2.errors.ErrorCodes.NO_ERROR, last)
        assert b"connection" not in client.answers[last].headers
        release.set()
        await client.end()
        assert client.answers[long].status == 200

    serve(made, handler, test, Limits(linger_seconds=0.01))


def test_an_idle_connection_is_told_to_go(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        assert (await client.get()).status == 200
        await client.end()
        assert client.goaway is not None and client.goaway.error_code == h2.errors.ErrorCodes.NO_ERROR

    serve(made, echo, test, Limits(idle_seconds=0.1, linger_seconds=0.01))


@pytest.mark.parametrize("running", [False, True])
def test_a_shutdown_lets_running_requests_end(made: pki.PKI, running: bool) -> None:
    release = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/long":
            await release.wait()
        return Response()

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        assert (await client.get()).status == 200
        long = client.ask("/long") if running else 0
        await client.flush()
        while running and not any(connection._running for connection in server.connections):  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        drained = asyncio.ensure_future(server.drain(10))
        while client.goaway is None:
            assert await client.read()
        assert client.goaway.error_code == h2.errors.ErrorCodes.NO_ERROR
        release.set()
        await client.end()
        await drained
        assert not running or client.answers[long].status == 200

    serve(made, handler, test, Limits(linger_seconds=0.01))


