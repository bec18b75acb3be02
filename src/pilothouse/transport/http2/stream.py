"""One request on an HTTP/2 connection: its body in, its answer out, each as fast as the other side takes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ngh2.enums import ErrorCode

from pilothouse.apimachinery.http import ClientGone, Handler, Response, StreamResponse
from pilothouse.observability.logging import log
from pilothouse.transport import wire
from pilothouse.transport.exchange import Exchange, close_stream
from pilothouse.transport.http2.headers import answer_fields

if TYPE_CHECKING:
    from pilothouse.transport.http2.connection import HTTP2Protocol

SLICE = 64 * 1024
"""A body is handed to the library in pieces of this size: it sends all that it has of one stream before it turns to
the next one, so what it has is how long a small answer waits for a large one."""
ENOUGH = 2 * SLICE
"""Bytes with the library at which a stream waits until the client has taken some."""


class Stream:
    """State of one stream. The connection feeds it; `run` is its task.

    `gone` is set when the stream is closed, by whichever side: nothing more can be sent then.
    """

    __slots__ = (
        "_connection", "_drained", "dropped", "exchange", "gone", "held", "id", "progress", "sent", "started",
        "task",
    )

    def __init__(self, connection: HTTP2Protocol, stream_id: int) -> None:
        self._connection = connection
        self.id = stream_id
        self.exchange: Exchange | None = None
        """None once the request is answered: uncut, stream and exchange would wait for the garbage collector."""
        self.task: asyncio.Task[None] | None = None
        self.started = False
        """Whether the task has run: one that is cancelled before never does."""
        self._drained: asyncio.Future[None] | None = None
        self.held = 0
        """Bytes of the body whose room in the client's window has not been given back."""
        self.sent = 0
        """Bytes of the answer handed to the library."""
        self.progress = -1
        """Bytes that the client had taken when `stalls` was last asked."""
        self.gone = False
        self.dropped = False
        """Whether it was the server that reset it."""

    # The request's body (an Exchange's Carrier)

    def feed(self, data: bytes, last: bool) -> None:
        self.held += len(data)
        exchange = self.exchange
        if exchange is None or exchange.discard:
            self._connection.give_back(self)
            return
        if data:
            exchange.feed(data)
            if exchange.limit is not None:
                self.update_reading()
        if last:
            exchange.end()

    def send_continue(self) -> None:
        self._connection.send_continue(self)

    def update_reading(self) -> None:
        if self.held and self.exchange is not None and self.exchange.wants_data:
            self._connection.give_back(self)

    # The answer

    async def run(self, handler: Handler) -> None:
        """Have the request handled and send the answer. Cancelled when the client gives up."""
        exchange = self.exchange
        if exchange is None:
            return
        self.started = True
        try:
            response = await handler(exchange.request)
            if self.gone:
                await close_stream(response)
            else:
                await self._answer(response, exchange.request.method)
        except asyncio.CancelledError:
            self._connection.drop(self, ErrorCode.INTERNAL_ERROR)
            raise
        except ClientGone:
            self._connection.drop(self, ErrorCode.CANCEL)
        except Exception as error:
            # The chain answers every error; one that arrives here leaves no answer that could be trusted.
            log.exception("Handler failed", error, path=exchange.request.path)
            self._connection.drop(self, ErrorCode.INTERNAL_ERROR)
        finally:
            self._finish(exchange)

    def _finish(self, exchange: Exchange) -> None:
        exchange.release()
        self.exchange = None
        self.task = None
        self._connection.finished(self, exchange.complete)

    async def _answer(self, response: Response, method: str) -> None:
        has_body = wire.has_body(response.status, method)
        if isinstance(response, StreamResponse):
            fields, closes = answer_fields(response, None)
            if closes:
                self._connection.go_away_soon()
            self._connection.send_head(self, fields, last=not has_body)
            await self._send_stream(response, has_body)
            return
        body = response.body
        fields, closes = answer_fields(response, None if response.status in (204, 304) else len(body))
        if closes:
            self._connection.go_away_soon()
        if not has_body:
            body = b""
        if len(body) <= SLICE:
            self.sent = len(body)
            self._connection.send_answer(self, fields, body)
        else:
            self._connection.send_head(self, fields, last=False)
            await self._send_slices(body, last=True)

    def _send(self, data: bytes | memoryview, *, last: bool) -> None:
        self.sent += len(data)
        self._connection.send_data(self, data, last=last)

    async def _send_slices(self, body: bytes, *, last: bool) -> None:
        view, size = memoryview(body), len(body)
        for start in range(0, size, SLICE):
            self._send(view[start:start + SLICE], last=last and start + SLICE >= size)
            if self._connection.queued(self) >= ENOUGH:
                await self._drain()
            if self.gone:
                return

    async def _send_stream(self, response: StreamResponse, has_body: bool) -> None:
        """Send what the stream yields, and close it. Ends early when the client goes away."""
        try:
            if not has_body:
                return
            async for chunk in response.stream:
                if len(chunk) > SLICE:
                    await self._send_slices(chunk, last=False)
                elif chunk:
                    self._send(chunk, last=False)
                    if self._connection.queued(self) >= ENOUGH:
                        await self._drain()
                if self.gone:
                    return
        finally:
            await close_stream(response)
        self._send(b"", last=True)

    async def _drain(self) -> None:
        """Wait until the client has taken most of what the library has of this stream."""
        self._drained = asyncio.get_running_loop().create_future()
        self._connection.draining.add(self)
        try:
            await self._drained
        finally:
            self._drained = None
            self._connection.draining.discard(self)

    def wake(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def stalls(self, waiting: int) -> bool:
        """Whether the client has taken nothing of the answer since this was last asked; `waiting` bytes are left."""
        before, self.progress = self.progress, self.sent - waiting
        return waiting > 0 and self.progress == before

    def lost(self) -> None:
        """The stream is closed. Whoever works for it is told to stop."""
        self.gone = True
        exchange, task = self.exchange, self.task
        if exchange is not None:
            exchange.abandon()
        self.wake()
        if task is not None:
            task.cancel()
            if exchange is not None and not self.started:
                self._finish(exchange)
