"""Random frames, most of them in order, some of them broken: nothing raises, and nothing is left at work."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from typing import Any, cast
from zlib import crc32

import hpack
from tests.transport.http2.support import CONTINUATION, HEADERS, PING, PREFACE, SETTINGS, frame

from pilothouse.apimachinery.http import ClientGone, Request, Response, StreamResponse
from pilothouse.apimachinery.status import StatusError
from pilothouse.transport.http2.connection import HTTP2Protocol
from pilothouse.transport.limits import Limits
from pilothouse.transport.server import HTTPServer

CONNECTIONS = 300
DATA, PRIORITY, RESET, GOAWAY, WINDOW_UPDATE = 0, 2, 3, 7, 8


class Transport(asyncio.Transport):
    """Takes what is written, and now and then asks for a pause."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.closed = False
        self.protocol: HTTP2Protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 4711) if name == "peername" else default

    def write(self, data: Any) -> None:
        if self._chance.random() < 0.05:
            self.protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


async def handler(request: Request) -> Response:
    async def stream(count: int) -> AsyncIterator[bytes]:
        for number in range(count):
            yield b"x" * (1000 * number)
            await asyncio.sleep(0)

    try:
        match crc32(request.path.encode()) % 6:
            case 0:
                return Response(200, await request.body(5000))
            case 1:
                return Response(200, b"".join([chunk async for chunk in request.chunks()]))
            case 2:
                return StreamResponse(stream(20))
            case 3:
                return Response(200, bytes(300_000), [(b"connection", b"close")] if request.path == "/9" else [])
            case 4:
                await asyncio.get_running_loop().create_future()
    except StatusError as error:
        return Response(error.code)
    except ClientGone:
        raise
    return Response(204)


class Frames:
    """What one client sends, a frame at a time."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._encoder = hpack.Encoder()
        self._next = 1
        self._open: list[int] = []

    def one(self) -> bytes:
        chance = self._chance
        data = self._in_order() if chance.random() < 0.99 else self._anything()
        if chance.random() < 0.005:
            broken = bytearray(data)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            return bytes(broken)
        return data

    def _in_order(self) -> bytes:
        chance = self._chance
        kind = chance.randrange(10)
        stream = chance.choice(self._open) if self._open else 0
        if kind < 4 or not stream:
            return self._request()
        if kind < 7:
            last = chance.random() < 0.3
            if last:
                self._open.remove(stream)
            return frame(DATA, last, stream, b"z" * chance.choice([0, 1, 100, 4000, 16_000]))
        if kind == 7 and chance.random() < 0.5:
            self._open.remove(stream)
            return frame(RESET, 0, stream, struct.pack(">I", chance.choice([0, 8])))
        return chance.choice([
            frame(PING, 0, 0, bytes(8)), frame(SETTINGS, 0, 0, struct.pack(">HI", 4, chance.choice([0, 100, 100_000]))),
            frame(WINDOW_UPDATE, 0, chance.choice([0, stream]), struct.pack(">I", chance.choice([1, 5000, 500_000]))),
            frame(PRIORITY, 0, stream, bytes(5)), frame(99, 0, 0, b"?"),
        ])

    def _request(self) -> bytes:
        chance = self._chance
        stream, self._next = self._next, self._next + 2
        last = chance.random() < 0.5
        if not last:
            self._open.append(stream)
        method = chance.choice(["GET", "POST", "HEAD"])
        fields = [(":method", method), (":scheme", "https"), (":authority", "h"), (":path", f"/{chance.randrange(50)}")]
        fields += chance.sample([("expect", "100-continue"), ("a", "b" * 300), ("cookie", "c")], chance.randrange(3))
        if chance.random() < 0.02:
            fields.append(("content-length", "7"))
        block = self._encoder.encode(fields)
        cut = chance.randrange(len(block)) if chance.random() < 0.2 else len(block)
        if cut == len(block):
            return frame(HEADERS, 4 | last, stream, block)
        return frame(HEADERS, last, stream, block[:cut]) + frame(CONTINUATION, 4, stream, block[cut:])

    def _anything(self) -> bytes:
        chance = self._chance
        return frame(chance.randrange(12), chance.randrange(256), chance.randrange(20), chance.randbytes(20))


async def connection(server: HTTPServer, chance: random.Random) -> None:
    loop = asyncio.get_running_loop()
    protocol = HTTP2Protocol(server, handler, Limits(linger_seconds=0), loop, chance.choice([2, 10, 100]))
    transport = Transport(chance)
    transport.protocol = protocol
    protocol.connection_made(transport)
    frames, data = Frames(chance), PREFACE + frame(SETTINGS, 0, 0)
    for _ in range(chance.randrange(1, 300)):
        data += frames.one()
        if chance.random() < 0.4:
            cut = chance.randrange(len(data) + 1)
            protocol.data_received(data[:cut])
            data = data[cut:]
        if chance.random() < 0.3:
            await asyncio.sleep(0)
        if chance.random() < 0.3:
            protocol.resume_writing()
        if chance.random() < 0.01:
            chance.choice([protocol.expire, protocol.shut, protocol.go_away])()
        if transport.closed:
            break
    protocol.connection_lost(None)


def test_random_frames() -> None:
    raised: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context))
        server = HTTPServer(handler)
        for seed in range(CONNECTIONS):
            await connection(server, random.Random(seed))
        for _ in range(50):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
        assert not left
        assert not server.connections

    asyncio.run(main())
    assert not raised
