"""The HTTP server on real sockets: what is sent is bytes, what is checked is bytes."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import uvloop

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.observability.metrics import Registry
from pilothouse.server.filters.panic_recovery import with_panic_recovery
from pilothouse.server.metrics import ServerMetrics
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer

GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"


class Connection:
    """A raw client connection that knows where an answer ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[bytes, dict[bytes, bytes]]:
        text = await self.reader.readuntil(b"\r\n\r\n")
        line, *fields = text[:-4].split(b"\r\n")
        return line, {name.lower(): value for name, value in (field.split(b": ", 1) for field in fields)}

    async def answer(self, *, head_only: bool = False) -> tuple[int, dict[bytes, bytes], bytes]:
        line, headers = await self.head()
        code = int(line.split()[1])
        if head_only or code in (204, 304):
            return code, headers, b""
        if headers.get(b"transfer-encoding") == b"chunked":
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
            return code, headers, body
        return code, headers, await self.reader.readexactly(int(headers[b"content-length"]))

    async def rest(self) -> bytes:
        return await self.reader.read()


def serve(handler: Handler, test: Callable[..., Awaitable[Any]], limits: Limits | None = None) -> None:
    """Run `test(connect, server)` against a server of `handler`."""

    async def main() -> None:
        server = HTTPServer(handler, limits=limits)
        await server.start()
        opened: list[Connection] = []

        async def connect() -> Connection:
            opened.append(Connection(*await asyncio.open_connection("127.0.0.1", server.port)))
            return opened[-1]

        try:
            await asyncio.wait_for(test(connect, server), 20)
        finally:
            for connection in opened:
                connection.writer.close()
            await server.drain(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def echo(request: Request) -> Response:
    body = await request.body(1000)
    text = f"{request.method} {request.path} {request.raw_query} {request.protocol} ".encode() + body
    return Response(200, text, [(b"content-type", b"text/plain")])


def test_requests_on_one_connection_and_split_into_bytes() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"a/b%20c?x=1&y=%20")
        code, headers, body = await c.answer()
        assert (code, body) == (200, b"GET /a/b c x=1&y=%20 HTTP/1.1 ")
        assert headers[b"content-type"] == b"text/plain"
        assert headers[b"date"].endswith(b"GMT")
        assert b"connection" not in headers
        for byte in b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc":
            await c.send(bytes([byte]))
        assert (await c.answer())[2] == b"POST /p  HTTP/1.1 abc"

    serve(echo, test)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        post = b"POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        await c.send(GET % b"1" + post + GET % b"3")
        assert [(await c.answer())[2] for _ in range(3)] == [
            b"GET /1  HTTP/1.1 ", b"POST /post  HTTP/1.1 abcde", b"GET /3  HTTP/1.1 ",
        ]
        await c.send(GET % b"4")
        assert (await c.answer())[2] == b"GET /4  HTTP/1.1 "

    serve(echo, test)


def test_head_has_the_length_but_no_body() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + GET % b"y")
        _, headers, _ = await c.answer(head_only=True)
        assert headers[b"content-length"] == b"18"
        assert (await c.answer())[2] == b"GET /y  HTTP/1.1 "

    serve(echo, test)


def test_http_1_0_closes_unless_asked_to_keep_alive() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (await c.answer())[1][b"connection"] == b"keep-alive"
        await c.send(b"GET /x HTTP/1.0\r\n\r\n")
        assert (await c.answer())[1][b"connection"] == b"close"
        assert await c.rest() == b""

    serve(echo, test)


def test_any_token_is_a_method() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"FOO /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
        assert (await c.answer())[2] == b"FOO /x  HTTP/1.1 ab"
        await c.send(b"get /y HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await c.answer())[2] == b"get /y  HTTP/1.1 "
        await c.send(GET % b"z")
        assert (await c.answer())[2] == b"GET /z  HTTP/1.1 "
        await c.send(b"BAD(METHOD / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await c.head())[0] == b"HTTP/1.1 400 Bad Request"

    serve(echo, test, Limits(linger_seconds=0.01))


def test_blanks_around_a_value_are_none_of_it() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        connection = await connect()
        await connection.send(b"GET / HTTP/1.1\r\nHost: h\r\nImpersonate-User: \t jane doe \t \r\n\r\n")
        _, _, body = await connection.answer()
        assert body == b"'jane doe'"

    async def handler(request: Request) -> Response:
        return Response(200, repr(request.header(b"impersonate-user")).encode())

    serve(handler, test)


def test_connection_close_is_honoured() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert (await c.answer())[1][b"connection"] == b"close"
        assert await c.rest() == b""

    serve(echo, test)


def test_expect_100_continue() -> None:
    async def refuse(request: Request) -> Response:
        return await echo(request) if request.path == "/read" else Response(403)

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        post = b"POST /%b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        await c.send(post % b"read")
        assert (await c.head())[0] == b"HTTP/1.1 100 Continue"
        await c.send(b"abc")
        assert (await c.answer())[2] == b"POST /read  HTTP/1.1 abc"
        await c.send(post % b"unread")
        code, headers, _ = await c.answer()
        # The client may or may not send its body now: only a new connection is unambiguous.
        assert (code, headers[b"connection"]) == (403, b"close")

    serve(refuse, test)


@pytest.mark.parametrize("length", [1001, 300_000, 10_000_000])
def test_a_body_over_the_limit_is_answered_413(length: int) -> None:
    async def limited(request: Request) -> Response:
        try:
            return await echo(request)
        except status.StatusError as error:
            return Response(error.code, error.message.encode())

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length)
        sender = asyncio.create_task(c.send(b"x" * length))
        code, _, body = await c.answer()
        assert (code, body) == (413, b"Request entity too large: limit is 1000")
        await asyncio.wait([sender])
        sender.exception()

    serve(limited, test)


def test_an_unread_body_does_not_spoil_the_next_request() -> None:
    async def ignore(request: Request) -> Response:
        return Response(200, request.path.encode())

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000)
        assert (await c.answer())[2] == b"/1"
        await c.send(b"x" * 50000 + GET % b"2")
        assert (await c.answer())[2] == b"/2"

    serve(ignore, test)


def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    async def produce() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return produce()


def test_streams_are_chunked_or_closed_at_the_end() -> None:
    async def stream(request: Request) -> Response:
        return StreamResponse(chunks(b"one", b"", b"x" * 100_000), 200, [(b"content-type", b"text/plain")])

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"")
        _, headers, body = await c.answer()
        assert headers[b"transfer-encoding"] == b"chunked"
        assert body == b"one" + b"x" * 100_000
        await c.send(b"GET / HTTP/1.0\r\n\r\n")
        _, headers = await c.head()
        assert b"transfer-encoding" not in headers
        assert await c.rest() == b"one" + b"x" * 100_000

    serve(stream, test)


def test_a_client_that_goes_away_ends_the_stream() -> None:
    closed = asyncio.Event()

    async def forever() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def stream(request: Request) -> Response:
        return StreamResponse(forever())

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"")
        await c.reader.readuntil(b"first")
        c.writer.close()
        await closed.wait()

    serve(stream, test)


def test_a_client_that_goes_away_cancels_the_handler() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(request: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Response()

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"")
        await started.wait()
        c.writer.transport.abort()
        await cancelled.wait()

    serve(hang, test)


def test_a_slow_reader_stops_the_stream_and_nothing_piles_up() -> None:
    produced = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal produced
        while True:
            produced += 1
            yield b"x" * 65536

    async def stream(request: Request) -> Response:
        return StreamResponse(endless()) if request.path == "/slow" else Response(200, str(produced).encode())

    async def test(connect: Any, server: HTTPServer) -> None:
        slow, other = await connect(), await connect()
        await slow.send(GET % b"slow")
        await slow.head()
        last = -1
        while True:
            await other.send(GET % b"")
            now = int((await other.answer())[2])
            if now == last and now > 1:
                break
            last = now
        # The kernel's socket buffers take some megabytes; the server itself must not take more.
        assert now < 1000

    serve(stream, test)


@pytest.mark.parametrize(("sent", "line"), [
    (b"NONSENSE\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     b"HTTP/1.1 400 Bad Request"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.1 501 Not Implemented"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (1 << 20) + b"x" * 5000,
     b"HTTP/1.1 431 Request Header Fields Too Large"),
])
def test_what_is_no_request_is_refused_and_the_connection_closed(sent: bytes, line: bytes) -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(sent)
        assert (await c.head())[0] == line
        await c.rest()

    serve(echo, test, Limits(linger_seconds=0.01))


@pytest.mark.parametrize(("sent", "line"), [
    (b"0x2\r\nab\r\n0\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"2\r\nab", b""),
    (b"2\r\nabc\r\n0\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"fffffffffffffffffff\r\nab\r\n", b"HTTP/1.1 400 Bad Request"),
    (b"7fffffffffffffff\r\n" + b"x" * 2000, b"HTTP/1.1 413 Request Entity Too Large"),
])
def test_a_body_that_cannot_be_read_is_no_bug(sent: bytes, line: bytes) -> None:
    def render(request: Request, error: status.StatusError) -> Response:
        return Response(error.code, error.message.encode())

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await c.send(sent)
        if line:
            assert (await c.head())[0] == line
        c.writer.write_eof()
        await c.rest()

    metrics = Registry()
    serve(with_panic_recovery(echo, render, ServerMetrics(metrics)), test, Limits(linger_seconds=0.01))
    assert b"pilothouse_request_panics_total 0" in metrics.render()


@pytest.mark.parametrize("coding", [
    b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
])
def test_transfer_codings_but_chunked_are_not_known(coding: bytes) -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + coding + b"\r\n\r\n0\r\n\r\n")
        assert (await c.head())[0] == b"HTTP/1.1 501 Not Implemented"
        assert await c.rest() == b"Unsupported transfer encoding"

    serve(echo, test, Limits(linger_seconds=0.01))


def test_a_body_that_nobody_waits_for_and_that_does_not_come_ends_the_connection() -> None:
    async def deny(request: Request) -> Response:
        return Response(401, b"no")

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        assert (await c.answer())[2] == b"no"
        assert [math.isfinite(connection.deadline) for connection in server.connections] == [True]

    serve(deny, test)


def test_a_bad_request_behind_a_good_one_lets_the_good_one_be_answered() -> None:
    release = asyncio.Event()

    async def wait(request: Request) -> Response:
        await release.wait()
        return Response(200, b"good")

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"" + b"NONSENSE\r\n\r\n")
        release.set()
        _, headers, body = await c.answer()
        assert (body, headers[b"connection"]) == (b"good", b"close")
        assert await c.rest() == b""

    serve(wait, test, Limits(linger_seconds=0.01))


def test_headers_cannot_be_split_by_line_breaks() -> None:
    async def split(request: Request) -> Response:
        return Response(200, b"", [(b"x", b"a\r\nset-cookie: b"), (b"y", b"c\nd")])

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(GET % b"")
        _, headers, _ = await c.answer()
        assert headers[b"x"] == b"a  set-cookie: b"
        assert headers[b"y"] == b"c d"
        assert b"set-cookie" not in headers

    serve(split, test)


def test_deadlines_are_swept() -> None:
    async def test(connect: Any, server: HTTPServer) -> None:
        idle, half, busy = await connect(), await connect(), await connect()
        await idle.send(GET % b"")
        await idle.answer()
        await half.send(b"GET / HT")
        await busy.send(b"POST /busy HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
        while len([c for c in server.connections if c.deadline == math.inf]) != 1:
            await asyncio.sleep(0)
        assert await idle.rest() == b""
        assert await half.rest() == b""
        await busy.send(b"x")
        assert (await busy.answer())[0] == 200

    serve(echo, test, Limits(header_seconds=0.05, idle_seconds=0.05))


def test_draining_finishes_what_runs_and_closes_the_rest() -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> Response:
        started.set()
        await release.wait()
        return Response(200, b"done")

    async def test(connect: Any, server: HTTPServer) -> None:
        port = server.port
        idle, busy = await connect(), await connect()
        await busy.send(GET % b"")
        await started.wait()
        drained = asyncio.create_task(server.drain(10))
        assert await idle.rest() == b""
        release.set()
        _, headers, body = await busy.answer()
        assert (body, headers[b"connection"]) == (b"done", b"close")
        await drained
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    serve(wait, test)


def test_draining_ends_upgraded_connections_at_once() -> None:
    class Told(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.ended = asyncio.get_running_loop().create_future()
            cast(asyncio.Transport, transport).write(b"HTTP/1.1 101 Switching Protocols\r\n\r\nlast words")

        def connection_lost(self, exc: Exception | None) -> None:
            self.ended.set_result(None)

    async def upgrade(request: Request) -> Response:
        await request.upgrade.take_over(Told).ended
        return Response(101)

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        await c.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
        await c.head()
        async with asyncio.timeout(60):
            await server.drain(3600)
        assert await c.rest() == b"last words"

    serve(upgrade, test)


def test_a_handler_that_raises_closes_the_connection_only() -> None:
    async def broken(request: Request) -> Response:
        if request.path == "/broken":
            raise ZeroDivisionError
        return Response(200, b"fine")

    async def test(connect: Any, server: HTTPServer) -> None:
        c, other = await connect(), await connect()
        await c.send(GET % b"broken")
        assert await c.rest() == b""
        await other.send(GET % b"")
        assert (await other.answer())[2] == b"fine"

    serve(broken, test)


def test_an_upgrade_hands_over_the_connection_with_what_came_already() -> None:
    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")

        def data_received(self, data: bytes) -> None:
            self.transport.write(data.upper())

    async def upgrade(request: Request) -> Response:
        if request.path == "/take":
            request.upgrade.take_over(Echo)
        return Response(200, b"plain")

    async def test(connect: Any, server: HTTPServer) -> None:
        c = await connect()
        request = b"GET /%b HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
        await c.send(request % b"take" + b"early")
        assert (await c.head())[0] == b"HTTP/1.1 101 Switching Protocols"
        assert await c.reader.readexactly(5) == b"EARLY"
        await c.send(b"late")
        assert await c.reader.readexactly(4) == b"LATE"
        c = await connect()
        await c.send(request % b"leave")
        _, headers, body = await c.answer()
        assert (body, headers[b"connection"]) == (b"plain", b"close")
        assert await c.rest() == b""

    serve(upgrade, test)
