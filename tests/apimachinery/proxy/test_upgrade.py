"""Upgrades as bytes: SPDY as kubectl speaks it when there is no WebSocket, refusals, and either side being slow."""

import asyncio
from typing import Any

import pytest
from tests.apimachinery.proxy.support import Backend, closed_port, proxied

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.proxy import upgrade
from pilothouse.apimachinery.proxy.backend import BackendError, Transport
from pilothouse.apimachinery.proxy.handler import upgrade_only

ASK = (
    b"POST /exec?command=ls HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
    b"X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n"
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"


def answering(answer: bytes) -> Backend:
    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return backend


def test_spdy_is_carried_both_ways_as_it_comes() -> None:
    heads = []

    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(SWITCHING + b"hello ")
        while data := await reader.read(1000):
            writer.write(data.upper())

    async def test(connect: Any) -> None:
        reader, writer = await connect()
        # what follows the head in the same packet belongs to the other protocol
        writer.write(ASK + b"\x80\x03early")
        assert await reader.readuntil(b"\r\n\r\n") == SWITCHING
        assert await reader.readexactly(13) == b"hello \x80\x03EARLY"
        writer.write(b"late")
        assert await reader.readexactly(4) == b"LATE"
        writer.close()
        assert await reader.read() == b""

    proxied(backend, upgrade_only, test, "/exec/ns/p/c")
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"POST /exec/ns/p/c HTTP/1.1"
    assert {b"Upgrade: SPDY/3.1", b"Connection: Upgrade", b"X-Stream-Protocol-Version: v4.channel.k8s.io",
            b"X-Forwarded-For: 127.0.0.1"} <= set(lines)


def test_a_backend_that_sends_much_with_its_head_is_read_on() -> None:
    much = b"x" * (3 * upgrade._ERROR_LIMIT)

    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        # the head comes last in what is kept before the connection is joined
        writer.write(SWITCHING + much)
        await writer.drain()
        writer.write(b"end")
        await reader.read(1)

    async def test(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(ASK)
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(much)) == much
        assert await reader.readexactly(3) == b"end"

    proxied(backend, upgrade_only, test)


def test_reading_that_was_paused_goes_on_when_joined() -> None:
    class Wire:
        reading = True

        def __init__(self) -> None:
            self.written = b""

        def pause_reading(self) -> None:
            self.reading = False

        def resume_reading(self) -> None:
            self.reading = True

        def write(self, data: bytes) -> None:
            self.written += data

    async def main() -> None:
        backend, client = upgrade.BackendEnd(), upgrade.End()
        wires = Wire(), Wire()
        backend.connection_made(wires[0])  # type: ignore[arg-type]
        client.connection_made(wires[1])  # type: ignore[arg-type]
        backend.data_received(SWITCHING + b"x" * upgrade._ERROR_LIMIT)
        assert not wires[0].reading
        backend.join(client)
        assert wires[0].reading
        assert wires[1].written.startswith(SWITCHING)
        backend.pause_writing()
        assert not wires[1].reading
        backend.resume_writing()
        assert wires[1].reading
        client.pause_writing()
        assert not wires[0].reading
        client.resume_writing()
        assert wires[0].reading

    asyncio.run(main())


def test_a_slow_reader_slows_the_backend_down() -> None:
    sent = 0

    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async def test(connect: Any) -> None:
        _, writer = await connect()
        writer.write(ASK)
        last = -1
        while sent != last or not sent:
            last = sent
            for _ in range(1000):
                await asyncio.sleep(0)
        assert sent < 64_000_000

    proxied(backend, upgrade_only, test)


def test_an_upgrade_has_no_body() -> None:
    async def test(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(ASK.replace(b"Length: 0", b"Length: 4") + b"body")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")

    proxied(answering(b""), upgrade_only, test)


@pytest.mark.parametrize(("answer", "code", "body"), [
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403, b"no"),
    (b"HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 404, b"abcde"),
    (b"HTTP/1.1 500 Oops\r\n\r\nuntil the end", 500, b"until the end"),
    (b"HTTP/1.1 500 Oops\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nshort", 500, b"short"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 500, b"invalid upgrade response: status code 200"),
    (b"SSH-2.0-x\r\n\r\n", 500, b'malformed HTTP response "SSH-2.0-x"'),
    (b"HTTP/1.1 101", 500, b"unexpected EOF"),
    (b"", 500, b"EOF"),
    (b"HTTP/1.1 101 X\r\nA: " + b"x" * 70_000, 500, b"malformed HTTP response: the head is too long"),
])
def test_refusals_are_handed_back(answer: bytes, code: int, body: bytes) -> None:
    async def test(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(ASK)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] == str(code).encode()
        assert await reader.readexactly(len(body)) == body

    proxied(answering(answer), upgrade_only, test)


def test_what_is_no_upgrade_is_refused() -> None:
    async def test(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(b"GET /exec HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert await reader.readexactly(24) == b"Upgrade request required"

    proxied(answering(b""), upgrade_only, test)


def test_nobody_there() -> None:
    async def main() -> None:
        location = closed_port()
        with pytest.raises(BackendError, match=r"dialing backend: dial tcp 127\.0\.0\.1:\d+: connect: connection"):
            await upgrade.carry(Request("GET", "/"), location, Transport(connect_seconds=5))

    asyncio.run(main())
