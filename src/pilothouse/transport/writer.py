"""The write side of a connection: answers as bytes, as fast as the client takes them."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Response, StreamResponse
from pilothouse.transport import wire
from pilothouse.transport.exchange import close_stream

if TYPE_CHECKING:
    from pilothouse.transport.exchange import Exchange
    from pilothouse.transport.protocol import HTTPProtocol

BUFFER = 256 * 1024
"""Bytes that may wait for a slow client before a stream pauses."""
_JOIN_LIMIT = 64 * 1024
"""Bodies up to this size are joined with the head, which saves a TLS record; larger ones are not copied."""


class ResponseWriter:
    """Writes to `transport`; while a client takes nothing, `connection.deadline` runs."""

    __slots__ = ("_connection", "_drained", "_ended", "_loop", "_patience", "_transport", "paused")

    def __init__(
        self, transport: asyncio.Transport, connection: HTTPProtocol, patience: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        transport.set_write_buffer_limits(high=BUFFER)
        self._transport = transport
        self._connection = connection
        self._patience = patience
        self._loop = loop
        self._drained: asyncio.Future[None] | None = None
        self._ended = False
        self.paused = False

    def send(self, exchange: Exchange, response: Response, framing: bytes) -> None:
        code, headers, body = response.status, response.headers, response.body
        shown = wire.has_body(code, exchange.request.method)
        if shown and headers and 0 < len(body) <= _JOIN_LIMIT:
            self._transport.write(wire.whole(code, headers, framing, body))
            return
        if code not in (204, 304):
            framing = b"%bcontent-length: %d\r\n" % (framing, len(body))
        head = wire.head(code, headers, framing)
        if shown and body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)

    async def send_stream(self, exchange: Exchange, response: StreamResponse, framing: bytes) -> None:
        """Send what the stream yields, chunk by chunk, and close it. Ends early when the client goes away."""
        chunked = not exchange.http10 and not sized(response)
        if chunked:
            framing += b"transfer-encoding: chunked\r\n"
        self._transport.write(wire.head(response.status, response.headers, framing))
        try:
            if not wire.has_body(response.status, exchange.request.method):
                return
            async for chunk in response.stream:
                if chunk:
                    if chunked:
                        self._write_chunk(chunk)
                    else:
                        self._transport.write(chunk)
                if self.paused:
                    await self.drain()
                if self._ended:
                    return
        finally:
            await close_stream(response)
        if chunked:
            self._transport.write(b"0\r\n\r\n")

    def _write_chunk(self, chunk: bytes) -> None:
        if len(chunk) <= _JOIN_LIMIT:
            self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        else:
            self._transport.writelines((b"%x\r\n" % len(chunk), chunk, b"\r\n"))

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def end(self) -> None:
        """The connection is gone."""
        self._ended = True
        self.resume()

    async def drain(self) -> None:
        """Wait until the client has taken most of what waits for it."""
        self._connection.deadline = self._loop.time() + self._patience
        self._drained = self._loop.create_future()
        try:
            await self._drained
        finally:
            self._drained = None
            self._connection.deadline = math.inf


def sized(response: Response) -> bool:
    """Whether the answer says its length itself."""
    return any(name == b"content-length" for name, _ in response.headers)
