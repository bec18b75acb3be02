"""An HTTP/1.1 connection: bytes to `Request`, `Response` to bytes (upstream: net/http's server).

Driven by httptools directly, below ASGI: the same answer over TLS, on the same two cores, is given 39,000 times
a second, by uvicorn with httptools and uvloop 25,000 to 28,000 times; and uvicorn takes 50 ms to import.

A connection is in one of these states, and only the code below moves it on:
- reading a head: bounded by `Limits.header_bytes` and `Limits.header_seconds`;
- answering: one exchange at a time runs as a task; further pipelined ones wait in `_queue` with reading paused;
- idle: nothing asked, for at most `Limits.idle_seconds`;
- lingering: the last answer is out, what the client still sends is thrown away for a moment, then closed, so
  that the client reads the answer instead of a connection reset.
When the client goes away the running task is cancelled and its stream is closed.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import httptools

from pilothouse.apimachinery.http import ClientGone, Handler, Headers, Request, StreamResponse
from pilothouse.observability.logging import log
from pilothouse.observability.metrics import REGISTRY
from pilothouse.transport import wire
from pilothouse.transport.exchange import Exchange, close_stream
from pilothouse.transport.limits import Limits
from pilothouse.transport.peer import peer_chain
from pilothouse.transport.upgrade import Upgrade
from pilothouse.transport.writer import ResponseWriter, sized

if TYPE_CHECKING:
    from pilothouse.transport.server import HTTPServer

_handshake_errors = REGISTRY.counter(
    "apiserver_tls_handshake_errors_total", "Number of requests dropped with 'TLS handshake error from' error"
).labels()
_NOTED = frozenset({b"host", b"expect", b"upgrade", b"transfer-encoding"})


class HTTPProtocol(asyncio.Protocol):
    """One connection. Made by `HTTPServer`, which also sweeps `deadline`."""

    def __init__(self, server: HTTPServer, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._handler = handler
        self._limits = limits
        self._loop = loop
        self._parser: Any = None
        self._transport: asyncio.Transport
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._incoming: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: ResponseWriter
        self._reading_paused = False
        self._closing = False
        self._broken = False
        self._refusal = b""
        self._head_size = 0
        self._client: tuple[str, int] | None = None
        self._peer_certificates: Sequence[bytes] = ()
        self.deadline = math.inf
        """`loop.time()` at which the server closes this connection."""
        self._method = b""
        """Of the request being read, when the parser does not know it."""
        self._url = b""
        self._headers: Headers = []
        self._noted: dict[bytes, bytes] = {}

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._writer = ResponseWriter(self._transport, self, self._limits.write_seconds, self._loop)
        peer = transport.get_extra_info("peername")
        self._client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        sock = transport.get_extra_info("socket")
        if sock is not None and self._client is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            self._peer_certificates = peer_chain(ssl_object)
        self._server.connections.add(self)
        self.deadline = self._loop.time() + self._limits.header_seconds

    def __del__(self) -> None:
        # Nobody tells a protocol of a handshake that failed: the event loop drops it.
        if not hasattr(self, "_transport"):
            _handshake_errors.value += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._server.forget(self)
        for exchange in (self._current, self._incoming):
            if exchange is not None:
                exchange.abandon()
        self._queue.clear()
        self._writer.end()
        self._current = self._incoming = self._parser = None
        task, self._task = self._task, None
        if task is not None:
            # It keeps its exception, whose frames know this connection: circles keep buffers and events for minutes.
            task.cancel()

    def pause_writing(self) -> None:
        self._writer.pause()

    def resume_writing(self) -> None:
        self._writer.resume()

    def data_received(self, data: bytes) -> None:
        if self._closing or self._broken:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._offer_upgrade(data[upgrade.args[0]:])
        except wire.BadTarget:
            self._refuse(400, "")
        except httptools.HttpParserCallbackError as error:
            # A callback of ours raised; httptools chains the cause.
            if isinstance(error.__context__, wire.UnsupportedCoding):
                self._refuse(501, "Unsupported transfer encoding")
                return
            if not isinstance(error.__context__, wire.BadTarget):
                log.exception("Reading a request failed", error)
            self._refuse(400, "")
        except httptools.HttpParserInvalidMethodError:
            self._read_with_method(data)
        except httptools.HttpParserError as error:
            if "nvalid `Transfer-Encoding`" in str(error):
                self._refuse(501, "Unsupported transfer encoding")
            else:
                self._refuse(400, "")
        else:
            if self._incoming is None:
                if self._url:
                    self._count_head(len(data))
            elif self._reading_paused or not self._incoming.wants_data:
                self.update_reading()

    def _read_with_method(self, data: bytes) -> None:
        """Methods that the parser does not know are still requests, as long as they are tokens (as in net/http)."""
        method, space, rest = data.partition(b" ")
        if self._current is not None or not space or not wire.is_token(method) or self._method:
            self._refuse(400, "")
            return
        self._method = method
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"POST " + rest)

    def _count_head(self, size: int) -> None:
        """A head that is still incomplete after a read: bounded in size and time."""
        self._head_size += size
        if self._head_size > self._limits.header_bytes:
            self._refuse(431, "")
        elif self._current is None and self._head_size == size:
            self.deadline = self._loop.time() + self._limits.header_seconds

    # httptools callbacks

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        value = value.rstrip(b" \t")  # blanks around a value are none of it; the parser takes off those before it
        if name in _NOTED:
            if name == b"host" and name in self._noted:
                raise wire.BadTarget("too many Host headers")
            if name == b"transfer-encoding" and (name in self._noted or value.lower() != b"chunked"):
                raise wire.UnsupportedCoding
            self._noted[name] = value
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._closing:
            return
        parser, noted = self._parser, self._noted
        path, raw_query = wire.split_target(self._url)
        version = "HTTP/" + parser.get_http_version()
        if b"host" not in noted and version != "HTTP/1.0":
            raise wire.BadTarget("missing required Host header")
        exchange = Exchange(self, parser.should_keep_alive(), b"expect" in noted)
        method, self._method = self._method or parser.get_method(), b""
        exchange.request = Request(
            method.decode(), path, raw_query, self._headers, exchange.receive_body,
            client=self._client, peer_certificates=self._peer_certificates, protocol=version,
        )
        exchange.request.target = self._url
        exchange.request.receive_chunk = exchange.receive_chunk
        exchange.http10 = version == "HTTP/1.0"
        self._incoming = exchange
        self._url = b""
        self._headers = []
        self._head_size = 0
        if noted:
            self._noted = {}
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)
            self.update_reading()

    def on_body(self, body: bytes) -> None:
        if self._incoming is not None:
            self._incoming.feed(body)
            if self._incoming.discard and self._incoming.size > Exchange.BUFFER:
                self._linger()

    def on_message_complete(self) -> None:
        exchange, self._incoming = self._incoming, None
        if exchange is None:
            return
        exchange.end()
        if exchange.discard and exchange is self._current:
            self._next()

    # Running

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self.deadline = math.inf
        self._task = exchange.request.task = self._loop.create_task(self._run(exchange), name="request")

    async def _run(self, exchange: Exchange) -> None:
        request = exchange.request
        try:
            response = await self._handler(request)
            if request.upgrade is not None and request.upgrade.taken:
                return
            if self._closing:
                await close_stream(response)
                return
            exchange.answering = True
            if isinstance(response, StreamResponse):
                await self._send_stream(exchange, response)
            else:
                self._writer.send(exchange, response, self._framing(exchange))
                if self._writer.paused:
                    await self._writer.drain()
        except asyncio.CancelledError:
            self._abort()
            raise
        except ClientGone:
            if not self._broken or exchange.answering:
                self._abort()
                return
            self._transport.write(self._refusal)
            self._linger()
        except Exception as error:
            # The chain answers every error; one that arrives here leaves no answer that could be trusted.
            log.exception("Handler failed", error, path=request.path)
            self._abort()
        else:
            self._finish(exchange)
        finally:
            exchange.release()
            if request.upgrade is not None and request.upgrade.taken:
                # The connection's end is told to its new owner, however the request ended.
                self._server.forget(self)

    def _finish(self, exchange: Exchange) -> None:
        self._task = None
        if not self._keeps_alive(exchange):
            if exchange.complete and not self._broken:
                self._close()
            else:
                self._linger()
        elif exchange.complete:
            self._next()
        else:
            # net/http waits without end for the rest of such a body
            self.deadline = self._loop.time() + self._limits.idle_seconds
            exchange.drop_body()
            self.update_reading()

    def _next(self) -> None:
        self._current = None
        if self._queue:
            self._start(self._queue.popleft())
        else:
            self.deadline = self._loop.time() + self._limits.idle_seconds
        if self._reading_paused:
            self.update_reading()

    def _keeps_alive(self, exchange: Exchange) -> bool:
        return (
            exchange.keep_alive and not self._broken and not self._server.draining
            and not (exchange.continue_pending and not exchange.complete)
        )

    # Answers

    def send_continue(self) -> None:
        self._transport.write(wire.CONTINUE)

    def _framing(self, exchange: Exchange) -> bytes:
        """Header lines about the connection; decides for good whether it is kept."""
        if not self._keeps_alive(exchange):
            exchange.keep_alive = False
            return b"connection: close\r\n"
        return b"connection: keep-alive\r\n" if exchange.http10 else b""

    async def _send_stream(self, exchange: Exchange, response: StreamResponse) -> None:
        if exchange.http10 and not sized(response):
            exchange.keep_alive = False
        await self._writer.send_stream(exchange, response, self._framing(exchange))

    # Reading and closing

    def update_reading(self) -> None:
        """Stop reading while pipelined requests wait or a body nobody asked for piles up."""
        current = self._current
        reading = not self._queue and (current is None or current.wants_data)
        if self._closing or reading != self._reading_paused:
            return
        self._reading_paused = not reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _refuse(self, code: int, text: str) -> None:
        """Answer what is no proper request and close; an answer that is under way goes out first."""
        if self._closing:
            return
        if self._task is None:
            self._transport.write(wire.refusal(code, text))
            self._linger()
            return
        self._broken = True
        self._refusal = wire.refusal(code, text)
        self._transport.pause_reading()
        if self._incoming is not None:
            self._incoming.abandon()

    def _offer_upgrade(self, rest: bytes) -> None:
        # The parser stops here: whatever the answer is, no second request can be read from this connection.
        exchange = self._queue[-1] if self._queue else self._current
        if exchange is None:
            self._refuse(400, "")
            return
        exchange.keep_alive = False
        exchange.request.upgrade = Upgrade(self._transport, rest)
        self._transport.pause_reading()

    def _linger(self) -> None:
        if self._closing:
            return
        self._closing = True
        if self._reading_paused:
            self._transport.resume_reading()
        self._loop.call_later(self._limits.linger_seconds, self._transport.close)

    def _close(self) -> None:
        self._closing = True
        self._transport.close()

    def _abort(self) -> None:
        self._closing = True
        self._transport.abort()

    def expire(self) -> None:
        """The deadline has passed."""
        if self._current is not None:
            self._abort()
        else:
            self._close()

    def shut(self) -> bool:
        """The server drains: close now when idle, else after the running answer. Returns whether it is idle."""
        idle = self._current is None
        if idle and not self._closing:
            self._close()
        return idle

    def end_upgraded(self) -> bool:
        """End a connection that speaks another protocol by now: nothing in it would ever say that it may end. What has
        been written goes out before. Returns whether it is one."""
        upgrade = None if self._current is None else self._current.request.upgrade
        if upgrade is None or not upgrade.taken:
            return False
        self._transport.close()
        return True

    def abort(self) -> None:
        self._abort()
