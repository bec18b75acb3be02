"""A connection that changes its protocol, carried through as bytes (upstream: upgradeaware.go, tryUpgrade).

- asked: the request has gone to the backend, which answers with a head;
- refused (any answer but 101): an error is handed back to the client, anything else is an error of ours;
- joined (101): the head and whatever follows go to the client as they came, and each side's bytes to the other,
  no faster than it takes them, until one side ends.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.proxy import headers as passing
from pilothouse.apimachinery.proxy.backend import BackendError, Transport
from pilothouse.apimachinery.proxy.location import Location

_HEAD_LIMIT = 64 * 1024
_ERROR_LIMIT = 1024 * 1024
_ERROR_SECONDS = 10.0
"""How long a refusing backend may take for its body."""


class End(asyncio.Protocol):
    """One end of a joined connection: what it receives goes to `other`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.other: End | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Resolved when this end is gone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.done.done():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.done.done():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


class BackendEnd(End):
    """The backend's side: keeps what comes until the connection is joined."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()
        self._more: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)
            return
        self.received += data
        if len(self.received) > _ERROR_LIMIT:
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._wake()

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    async def more(self) -> bool:
        """Wait until something else has come; False when nothing will."""
        if self.done.done():
            return False
        self._more = asyncio.get_running_loop().create_future()
        await self._more
        return True

    async def head(self) -> int:
        """The length of the answer's head, empty line included. Raises BackendError."""
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            if len(self.received) > _HEAD_LIMIT:
                raise BackendError("malformed HTTP response: the head is too long")
            if not await self.more():
                raise BackendError("unexpected EOF" if self.received else "EOF")
        return end + 4

    def join(self, client: End) -> None:
        """From here on all goes to `client`, what came already first."""
        self.other, client.other = client, self
        # Reading may have been paused for an answer that was too long; if the client is slow, this pauses it again.
        self.transport.resume_reading()
        client.transport.write(bytes(self.received))
        self.received.clear()


async def carry(request: Request, location: Location, transport: Transport) -> Response:
    """Ask `location` for the upgrade that `request` asks for, and carry it until it ends.

    The returned answer is sent only when the backend refused. What follows the request's head is the other protocol,
    so the request must have no body. Raises BackendError.
    """
    backend: BackendEnd | None = None

    def made() -> BackendEnd:
        nonlocal backend
        backend = BackendEnd()
        return backend

    try:
        await transport.connect(location, made)
    except BackendError as error:
        raise BackendError(f"error dialing backend: {error}") from None
    end = cast(BackendEnd, backend)
    try:
        end.transport.write(request_head(request, location))
        return await _answer(request, end)
    finally:
        end.transport.close()


async def _answer(request: Request, backend: BackendEnd) -> Response:
    size = await backend.head()
    code, headers = read_head(bytes(backend.received[:size]))
    if code == 101:
        return await _join(request, backend)
    if code < 400:
        raise BackendError(f"invalid upgrade response: status code {code}")
    return await _refusal(backend, size, code, headers)


async def _join(request: Request, backend: BackendEnd) -> Response:
    upgrade: Any = request.upgrade
    if upgrade is None:
        raise BackendError("request connection cannot be hijacked: nothing to upgrade to was named")
    if upgrade.before is not None:
        await upgrade.before()
    client = End()
    # Whatever the client sent already must find the backend.
    client.other = backend
    upgrade.take_over(lambda: client)
    backend.join(client)
    try:
        await asyncio.wait((client.done, backend.done), return_when=asyncio.FIRST_COMPLETED)
    finally:
        client.transport.close()
    return Response(101)


async def _refusal(backend: BackendEnd, size: int, code: int, headers: Headers) -> Response:
    """The backend's error, with as much of its body as comes in time."""
    length = passing.value_of(headers, b"content-length")
    wanted = whole(length) if length.isascii() and length.isdigit() else _ERROR_LIMIT
    try:
        async with asyncio.timeout(_ERROR_SECONDS):
            while len(backend.received) - size < min(wanted, _ERROR_LIMIT) and await backend.more():
                pass
    except TimeoutError:
        pass
    body = bytes(backend.received[size:])
    if b"chunked" in passing.value_of(headers, b"transfer-encoding").lower().encode():
        body = _dechunked(body)
    kept = [header for header in passing.end_to_end(headers) if header[0] != b"content-length"]
    return Response(code, body[:wanted], kept)


def _dechunked(body: bytes) -> bytes:
    found, rest = b"", body
    while True:
        line, separator, rest = rest.partition(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            return found
        if not separator or not size:
            return found
        found += rest[:size]
        rest = rest[size + 2:]


def request_head(request: Request, location: Location) -> bytes:
    """The request as the backend gets it: the client's headers, Connection and Upgrade included.

    A body of unknown length is not passed on: what follows an upgrade's head is the other protocol.
    """
    query = f"?{location.raw_query}" if location.raw_query else ""
    target = f"{location.escaped_path or '/'}{query}"
    headers = passing.with_forwarded_for(request.headers, request)
    lines = [f"{request.method} {target} HTTP/1.1".encode("latin-1")]
    if not any(name == b"host" for name, _ in headers):
        lines.append(b"Host: " + location.host.encode())
    lines += [b"%b: %b" % (passing.canonical(name), value) for name, value in headers
              if name != b"transfer-encoding"]
    return b"\r\n".join([*lines, b"", b""])


def read_head(head: bytes) -> tuple[int, Headers]:
    """(status code, headers in lower case). Raises BackendError for what is no HTTP answer."""
    first, *lines = head.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/") or not code.isdigit():
        shown = first[:64].decode("latin-1")
        raise BackendError(f'malformed HTTP response "{shown}"')
    pairs = [line.partition(b":") for line in lines if line]
    return int(code), [(name.strip().lower(), value.strip()) for name, _, value in pairs]
