"""Taking over a connection after `Connection: Upgrade` (WebSocket, SPDY)."""

import asyncio
from collections.abc import Awaitable, Callable


class Upgrade:
    """What `Request.upgrade` offers. A handler calls `take_over` once; it then owns the transport.

    A handler that does not answers as usual, and the connection is closed after the answer: bytes that
    follow an upgrade request cannot be read as HTTP safely.
    """

    __slots__ = ("_rest", "_transport", "before", "on_taken", "taken")

    def __init__(self, transport: asyncio.Transport, rest: bytes) -> None:
        self._transport = transport
        self._rest = rest
        self.taken = False
        self.before: Callable[[], Awaitable[None]] | None = None
        """To be called and awaited by whoever is about to take the connection over."""
        self.on_taken: Callable[[], None] | None = None
        """Called when the connection is taken over: what was a request is one no longer."""

    def take_over(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """Hand the transport to the protocol that `factory` makes, with the bytes that came already.

        The protocol writes the 101 answer itself. The handler's own Response is not sent. Raises RuntimeError
        when the connection has been taken before.
        """
        if self.taken:
            raise RuntimeError("the connection has been taken over already")
        self.taken = True
        protocol = factory()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if self._rest:
            protocol.data_received(self._rest)
        self._transport.resume_reading()
        if self.on_taken is not None:
            self.on_taken()
        return protocol
