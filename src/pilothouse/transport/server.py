"""The listening side: accepts connections, sweeps their deadlines, drains them on shutdown."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from pilothouse.apimachinery.http import Handler
from pilothouse.transport.limits import Limits
from pilothouse.transport.protocol import HTTPProtocol

BACKLOG = 4096
SWEEP_SECONDS = 1.0
"""Deadlines are swept, not set one timer each: a timer for every request costs more than parsing it."""
GOODBYE_SECONDS = 0.1
"""What idle and upgraded clients get to answer the end of their connection when the server drains."""


class Connection(Protocol):
    """What the server knows of a connection, whichever protocol it speaks."""

    deadline: float
    """`loop.time()` at which the server calls `expire`."""

    def expire(self) -> None:
        """The deadline has passed: end, or set another one."""
        ...

    def shut(self) -> bool:
        """The server drains: end now when idle, else after the running answers. Returns whether it is idle."""
        ...

    def end_upgraded(self) -> bool:
        """End a connection that somebody else has taken over. Returns whether it is one."""
        ...

    def abort(self) -> None:
        """Drop it at once."""
        ...


class HTTPServer:
    """Serves `handler` on one socket. Use: `await bind()`, `await start()`, `await drain(seconds)`.

    A handler that has to know its port is handed to `start`, when `port` is known. `http2_streams` is how many
    requests an HTTP/2 connection may have open; at 0 no HTTP/2 is spoken. With it `tls` must offer h2 by ALPN.
    """

    def __init__(
        self,
        handler: Handler | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        reuse_port: bool = False,
        http2_streams: int = 0,
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._tls = tls
        self._limits = limits or Limits()
        self._reuse_port = reuse_port
        self._http2_streams = http2_streams
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self.connections: set[Connection] = set()
        self.draining = False
        self._emptied: asyncio.Future[None] | None = None

    async def bind(self) -> None:
        """Take the address without accepting anything yet. Raises OSError when it cannot be had."""
        self._loop = loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocols(loop), sock=self._bound_socket(), ssl=self._tls, backlog=BACKLOG, start_serving=False,
            ssl_handshake_timeout=self._limits.header_seconds if self._tls else None,
        )

    def _protocols(self, loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of a new connection."""
        if not self._http2_streams:
            return lambda: HTTPProtocol(self, self._served, self._limits, loop)
        from pilothouse.transport.http2.negotiation import NegotiatingProtocol

        return lambda: NegotiatingProtocol(self, self._served, self._limits, loop, self._http2_streams)

    async def start(self, handler: Handler | None = None) -> None:
        """Accept connections, after `bind` or with it."""
        self._handler = handler or self._handler
        if self._server is None:
            await self.bind()
        if self._server is not None:
            await self._server.start_serving()
        self._sweep()

    def _bound_socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._reuse_port:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if self._host == "::":
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise
        return listener

    @property
    def _served(self) -> Handler:
        if self._handler is None:
            raise RuntimeError("the server has no handler")
        return self._handler

    @property
    def port(self) -> int:
        """The port listened on, of use when 0 was asked for."""
        if self._server is None:
            raise RuntimeError("the server does not listen")
        port = self._server.sockets[0].getsockname()[1]
        return int(port)

    def stop_listening(self) -> None:
        """Accept no more and close idle connections; others are closed as their running answer ends."""
        if self.draining:
            return
        self.draining = True
        if self._server is not None:
            self._server.close()
        idle = [connection for connection in list(self.connections) if connection.shut()]
        # A client need not be reading from a connection that it keeps for later: its TLS goodbye is not waited for.
        self._loop.call_later(GOODBYE_SECONDS, _abort, idle)

    async def drain(self, seconds: float) -> None:
        """Stop listening, end upgraded connections, let running answers finish for up to `seconds`, cut the rest."""
        self.stop_listening()
        # The end of the process is theirs in net/http, which knows nothing of hijacked connections.
        upgraded = [connection for connection in list(self.connections) if connection.end_upgraded()]
        self._loop.call_later(GOODBYE_SECONDS, _abort, upgraded)
        if self.connections and seconds > 0:
            self._emptied = self._loop.create_future()
            await asyncio.wait([self._emptied], timeout=seconds)
        for connection in list(self.connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def forget(self, connection: Connection) -> None:
        """The connection is closed, or somebody else's after an upgrade."""
        self.connections.discard(connection)
        if self._emptied is not None and not self.connections and not self._emptied.done():
            self._emptied.set_result(None)

    def _sweep(self) -> None:
        self._sweeper = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        now = self._loop.time()
        for connection in [c for c in self.connections if c.deadline <= now]:
            connection.expire()


def _abort(connections: list[Connection]) -> None:
    for connection in connections:
        connection.abort()
