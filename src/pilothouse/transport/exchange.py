"""One request and its answer on a connection: what has come of the body, and how the answer must end."""

from __future__ import annotations

import asyncio
from typing import Protocol

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import ClientGone, Request, Response, StreamResponse

_GONE = "the request's body did not arrive"


class Carrier(Protocol):
    """What brings the body: the connection in HTTP/1.1, the stream in HTTP/2."""

    def send_continue(self) -> None:
        """Tell the client that its body is wanted (100 Continue)."""
        ...

    def update_reading(self) -> None:
        """Look at `Exchange.wants_data` again: more of the body may be wanted now."""
        ...


class Exchange:
    """State of one request. The parser side feeds it, the handler side awaits `receive_body`.

    Until the handler asks for the body at most `BUFFER` bytes are kept and reading stops; then up to the
    handler's limit. What comes after the answer is discarded, up to `BUFFER` bytes, so that a client that is
    still sending sees the answer and the connection can be used again (upstream: net/http does the same with
    256 KiB).
    """

    __slots__ = (
        "_abandoned", "_chunks", "_connection", "_waiter", "answering", "complete", "continue_pending", "discard",
        "http10", "keep_alive", "limit", "request", "size",
    )

    BUFFER = 256 * 1024

    def __init__(self, connection: Carrier, keep_alive: bool, expects_continue: bool) -> None:
        self._connection = connection
        self._abandoned = False
        self._chunks: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self.request: Request
        self.keep_alive = keep_alive
        self.continue_pending = expects_continue
        self.http10 = False
        self.answering = False
        """Whether something of the answer may be out."""
        self.size = 0
        self.limit: int | None = None
        self.complete = False
        self.discard = False

    # What the parser tells.

    def feed(self, data: bytes) -> None:
        self.continue_pending = False
        self.size += len(data)
        if self.discard:
            return
        self._chunks.append(data)
        if self.limit is not None and self.size > self.limit:
            self._wake()

    def end(self) -> None:
        self.complete = True
        self._wake()

    def abandon(self) -> None:
        """The rest of the body will never come."""
        self._abandoned = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ClientGone(_GONE))

    def drop_body(self) -> None:
        """The answer is on its way: nobody will ask for the body any more."""
        self.discard = True
        self._chunks.clear()
        self.size = 0

    def release(self) -> None:
        """The request is answered. It and its exchange know each other: uncut, each waits for the garbage collector."""
        self.request.receive_body = self.request.receive_chunk = self.request.task = None

    @property
    def wants_data(self) -> bool:
        """Whether reading should go on for this request's body."""
        if self.complete or self.discard:
            return True
        return self.size <= (self.BUFFER if self.limit is None else self.limit)

    # What the handler asks.

    async def receive_body(self, limit: int) -> bytes:
        """The whole body; raises 413 as soon as more than `limit` bytes came, ClientGone when it never will."""
        self.limit = limit
        if not self.complete and self.size <= limit:
            await self._wait_for_more()
        if self.size > limit:
            raise status.request_entity_too_large(f"limit is {limit}")
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        return body

    async def receive_chunk(self) -> bytes:
        """What came since the last call, or b"" at the body's end; raises ClientGone when it never will end.

        Reading goes on only while somebody waits here, so a slow taker slows the sender down.
        """
        self.limit = 0
        if not self._chunks and not self.complete:
            await self._wait_for_more()
        chunk = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        self.size = 0
        return chunk

    async def _wait_for_more(self) -> None:
        if self._abandoned:
            raise ClientGone(_GONE)
        if self.continue_pending:
            self.continue_pending = False
            self._connection.send_continue()
        self._connection.update_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def close_stream(response: Response) -> None:
    """Run the stream's finalizers, whether or not it was ever started."""
    if isinstance(response, StreamResponse):
        aclose = getattr(response.stream, "aclose", None)
        if aclose is not None:
            await aclose()
