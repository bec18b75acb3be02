"""What ends a connection, and never the server: another client is served during and after each."""

import asyncio
import struct
from collections.abc import AsyncIterator

import h2.errors
import hpack
import pytest
from tests.transport.http2.support import CONTINUATION, HEADERS, PING, PREFACE, SETTINGS, Client, Connect, frame, serve

from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.transport import pki
from pilothouse.transport.http2 import bounds
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer

CALM = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
QUICK = Limits(linger_seconds=0.05)
DATA, PRIORITY, RESET, WINDOW_UPDATE = 0, 2, 3, 8
ACKNOWLEDGED = 1
END_STREAM, END_HEADERS = 1, 4


async def hello(request: Request) -> Response:
    return Response(200, b"hello")


def block(path: str = "/", **more: str) -> bytes:
    """A header block that means the same on every connection, wherever it stands."""
    fields = [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "h"), *more.items()]
    return hpack.Encoder().encode([hpack.NeverIndexedHeaderTuple(*field) for field in fields])


async def ended_with(client: Client, error: int) -> bool:
    """Whether the connection ends, and by this error where the client gets to see one."""
    await client.end()
    return client.goaway is None or client.goaway.error_code == error


async def is_served(client: Client) -> bool:
    return bytes((await client.get()).body) == b"hello"


def test_rapid_reset(made: pki.PKI) -> None:
    begun = 0

    async def handler(request: Request) -> Response:
        nonlocal begun
        if request.path == "/":
            return Response(200, b"hello")
        begun += 1
        await asyncio.get_running_loop().create_future()
        return Response()

    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        sent = 0
        while not attacker.closed and sent < 100 * bounds.RESETS[0]:
            for _ in range(50):
                stream = attacker.ask("/hang")
                attacker.h2.reset_stream(stream)
            sent += 50
            await attacker.raw(b"")
            assert await is_served(other)
            if sent > bounds.RESETS[0]:
                assert await ended_with(attacker, CALM)
        assert attacker.goaway is not None and attacker.goaway.error_code == CALM
        assert sent <= 2 * bounds.RESETS[0]
        assert begun <= sent / 20
        assert await is_served(other)

    serve(made, handler, test, QUICK)


def test_rapid_reset_of_requests_that_are_at_work(made: pki.PKI) -> None:
    running = most = 0

    async def stubborn(request: Request) -> Response:
        """What does not stop at once when it is cancelled."""
        nonlocal running, most
        if request.path == "/":
            return Response(200, b"hello")
        running += 1
        most = max(most, running)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            try:
                await asyncio.shield(stop.wait())
            finally:
                running -= 1
        return Response()

    stop = asyncio.Event()

    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        streams: list[int] = []
        while not attacker.closed and len(streams) < 100:
            streams += (fresh := [attacker.ask("/hang") for _ in range(5)])
            await attacker.flush()
            assert await is_served(other)
            for stream in fresh:
                attacker.h2.reset_stream(stream)
            await attacker.raw(b"")
            assert await is_served(other)
            if len(streams) > 5 * 10:
                break
        assert await ended_with(attacker, CALM)
        assert attacker.goaway is not None and attacker.goaway.error_code == CALM
        assert most == 10
        stop.set()

    serve(made, stubborn, test, QUICK, streams=10)


def test_making_the_server_reset(made: pki.PKI) -> None:
    """CVE-2025-8671: more body than declared ends the stream, and whatever was begun for it would go on."""
    running = 0

    async def handler(request: Request) -> Response:
        nonlocal running
        if request.path == "/":
            return Response(200, b"hello")
        running += 1
        try:
            return Response(200, await request.body(10))
        finally:
            running -= 1

    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        sent = 0
        while attacker.goaway is None and sent < 2 * bounds.RESETS[0]:
            streams = [attacker.ask("/body", "POST", body=True, content_length="1") for _ in range(50)]
            for stream in streams:
                attacker.h2.send_data(stream, b"abc")
            await attacker.flush()
            sent += 50
            while attacker.goaway is None and any(attacker.answers[stream].reset is None for stream in streams):
                await attacker.read()
            assert await is_served(other)
        assert sent > bounds.RESETS[0]
        assert attacker.goaway is not None and attacker.goaway.error_code == CALM
        assert await is_served(other)
        assert running == 0

    serve(made, handler, test, QUICK)


def test_more_streams_than_allowed(made: pki.PKI) -> None:
    running = 0

    async def handler(request: Request) -> Response:
        nonlocal running
        if request.path != "/hang":
            return Response(200, b"hello")
        running += 1
        await asyncio.get_running_loop().create_future()
        return Response()

    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        await attacker.until(lambda: attacker.h2.remote_settings.max_concurrent_streams == 10)
        await attacker.raw(b"".join(
            frame(HEADERS, END_STREAM | END_HEADERS, stream, block("/hang")) for stream in range(1, 1000, 2)
        ))
        await attacker.end()
        assert running <= 10
        assert await is_served(other)

    serve(made, handler, test, QUICK, streams=10)


def test_continuation_flood(made: pki.PKI) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        await attacker.raw(frame(HEADERS, END_STREAM, 1, block()) + frame(CONTINUATION, 0, 1, b"") * 100)
        assert await ended_with(attacker, CALM)
        assert await is_served(other)

    serve(made, hello, test, QUICK)


def test_header_blocks_that_become_large(made: pki.PKI) -> None:
    """A field of 4,000 bytes in the table, and then nothing but references to it."""

    async def test(connect: Connect, server: HTTPServer) -> None:
        other = await connect()
        bomb = hpack.Encoder().encode([("x", "y" * 4000)])
        large = block(**{f"x{number}": "a" * 10_000 for number in range(30)})
        for attack in (block() + bomb + b"\xbe" * 10_000, large):
            attacker = await connect()
            assert await is_served(attacker)
            await attacker.raw(frame(HEADERS, END_STREAM | END_HEADERS, 3, attack))
            assert await ended_with(attacker, CALM)
            assert await is_served(other)

    serve(made, hello, test, QUICK)


@pytest.mark.parametrize("attack", [
    frame(PING, 0, 0, bytes(8)), frame(SETTINGS, 0, 0), frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 70_000)),
], ids=["PING", "SETTINGS", "WINDOWS"])
def test_floods_of_small_frames(made: pki.PKI, attack: bytes) -> None:
    """Whoever reads the answers is answered, and others at the same time."""

    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        await attacker.until(lambda: True)
        for _ in range(20):
            await attacker.raw(attack * 1000)
            assert await is_served(other)
            async with asyncio.timeout(5):
                assert await is_served(attacker)

    serve(made, hello, test, QUICK)


@pytest.mark.parametrize("attack", [frame(PRIORITY, 0, 1, bytes(5)), frame(99, 0, 0, bytes(5))], ids=["PRIORITY", "?"])
def test_floods_of_frames_without_effect(made: pki.PKI, attack: bytes) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        await attacker.until(lambda: True)
        await attacker.raw(attack * 20_000)
        assert await ended_with(attacker, CALM)
        assert await is_served(other)

    serve(made, hello, test, QUICK)


@pytest.mark.parametrize("attack", [frame(PING, 0, 0, bytes(8)), frame(SETTINGS, 0, 0)], ids=["PING", "SETTINGS"])
def test_floods_whose_answers_nobody_reads(made: pki.PKI, attack: bytes) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        attacker._writer.transport.pause_reading()
        writing = asyncio.ensure_future(attacker.raw(attack * 3_000_000))
        while len(server.connections) > 1:
            assert await is_served(other)
        writing.cancel()
        assert await is_served(other)

    serve(made, hello, test, QUICK)


def test_a_client_that_takes_nothing_of_an_answer(made: pki.PKI) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(10_000)
        finally:
            closed.set()

    async def handler(request: Request) -> Response:
        if request.path == "/watch":
            return StreamResponse(waiting())
        return StreamResponse(endless()) if request.path == "/endless" else Response(200, b"hello" * 100_000)

    async def waiting() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.get_running_loop().create_future()

    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect(window=100)
        whole, stream, watch = client.ask(), client.ask("/endless"), client.ask("/watch")
        client.unread |= {whole, stream}
        for stalled in (whole, stream):
            assert (await client.answer(stalled)).reset == h2.errors.ErrorCodes.CANCEL
        await closed.wait()
        # Nothing waits for the client of a watch without events.
        assert (client.answers[watch].body, client.answers[watch].reset) == (b"first", None)

    serve(made, handler, test, Limits(write_seconds=0.3, linger_seconds=0.05))


def test_a_client_that_reads_nothing_at_all(made: pki.PKI) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, bytes(50_000_000) if request.path == "/large" else b"hello")

    async def test(connect: Connect, server: HTTPServer) -> None:
        client, other = await connect(window=2**31 - 1), await connect()
        client.h2.increment_flow_control_window(2**31 - 100_000)
        client.ask("/large")
        await client.flush()
        client._writer.transport.pause_reading()
        while len(server.connections) > 1:
            assert await is_served(other)
            await asyncio.sleep(0.01)

    serve(made, handler, test, Limits(write_seconds=0.3))


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"", PREFACE[:10], PREFACE, PREFACE + b"\0\0"])
def test_what_does_not_begin_as_http2(made: pki.PKI, first: bytes) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        client.h2.data_to_send()
        await client.raw(first)
        await client.end()

    serve(made, hello, test, Limits(header_seconds=0.2, idle_seconds=0.2, linger_seconds=0.05))


@pytest.mark.parametrize("attack", [
    frame(DATA, 0, 1, b"data on an idle stream"), frame(PING, 0, 0, b"short"),
    frame(SETTINGS, ACKNOWLEDGED, 0, bytes(6)), frame(WINDOW_UPDATE, 0, 0, bytes(4)),
    frame(HEADERS, END_HEADERS, 2, block()), frame(RESET, 0, 9, bytes(4)),
    frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"), b"\xff\xff\xff" + bytes(6),
    frame(CONTINUATION, END_HEADERS, 1, b""), frame(5, END_HEADERS, 1, bytes(4)),
    frame(HEADERS, 0, 1, b"") + frame(PING, 0, 0, bytes(8)),
    frame(HEADERS, END_STREAM | END_HEADERS, 1, block(x="y" * 70_000)),
])
def test_breaches_of_the_protocol_end_the_connection(made: pki.PKI, attack: bytes) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        attacker, other = await connect(), await connect()
        await attacker.until(lambda: True)
        await attacker.raw(attack)
        await attacker.end()
        assert attacker.goaway is not None and attacker.goaway.error_code != h2.errors.ErrorCodes.NO_ERROR
        assert await is_served(other)

    serve(made, hello, test, QUICK)


@pytest.mark.parametrize("more", [
    {"Upper": "x"}, {"connection": "close"}, {"transfer-encoding": "chunked"}, {"te": "gzip"}, {"x": "a\nb"},
    {":status": "200"}, {"content-length": "5"},
], ids=str)
def test_malformed_requests_are_reset(made: pki.PKI, more: dict[str, str]) -> None:
    async def test(connect: Connect, server: HTTPServer) -> None:
        client = await connect()
        assert (await client.get(**more)).reset == h2.errors.ErrorCodes.PROTOCOL_ERROR
        assert await is_served(client)

    serve(made, hello, test, QUICK)
