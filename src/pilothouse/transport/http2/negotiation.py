"""Which protocol a connection speaks: what client and server agreed on during the TLS handshake (ALPN)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from pilothouse.apimachinery.http import Handler
from pilothouse.transport.http2.connection import HTTP2Protocol
from pilothouse.transport.limits import Limits
from pilothouse.transport.protocol import HTTPProtocol

if TYPE_CHECKING:
    from pilothouse.transport.server import HTTPServer


class NegotiatingProtocol(HTTPProtocol):
    """HTTP/1.1, unless the handshake ended with h2: then the connection is an `HTTP2Protocol`'s from the start."""

    def __init__(
        self, server: HTTPServer, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop, max_streams: int
    ) -> None:
        super().__init__(server, handler, limits, loop)
        self._max_streams = max_streams

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is None or ssl_object.selected_alpn_protocol() != "h2":
            super().connection_made(transport)
            return
        self._transport = cast(asyncio.Transport, transport)
        chosen = HTTP2Protocol(self._server, self._handler, self._limits, self._loop, self._max_streams)
        self._transport.set_protocol(chosen)
        chosen.connection_made(transport)
