"""A request carried to a backend, and the answer back, both unbuffered (upstream: util/proxy/upgradeaware.go).

aiohttp takes a quarter of a second to import, so it is imported when the first request is forwarded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pilothouse.apimachinery.http import Headers, Request, Response, StreamResponse
from pilothouse.apimachinery.proxy import headers as passing
from pilothouse.apimachinery.proxy.backend import BackendError, Transport, describe, port_number
from pilothouse.apimachinery.proxy.location import Location

if TYPE_CHECKING:
    import aiohttp

_BODILESS = frozenset({204, 304})


class Answer(AsyncIterator[bytes]):
    """A backend's answer: its head is here, its body comes as it is iterated. Close it in any case."""

    def __init__(
        self, transport: Transport, session: aiohttp.ClientSession, response: aiohttp.ClientResponse
    ) -> None:
        self._transport = transport
        self._session = session
        self._response = response
        self._ended = False
        self.status = response.status
        self.headers = passing.end_to_end(response.raw_headers)

    async def read(self, limit: int) -> bytes:
        """At most `limit` bytes of the body; the answer is closed afterwards."""
        pieces, size = [], 0
        try:
            async for chunk in self:
                pieces.append(chunk)
                size += len(chunk)
                if size >= limit:
                    break
        finally:
            await self.aclose()
        return b"".join(pieces)[:limit]

    async def __anext__(self) -> bytes:
        """The next piece as it arrived. Raises ConnectionError when the body breaks off."""
        import aiohttp

        try:
            chunk = b"" if self._ended else await self._response.content.readany()
        except aiohttp.ClientError as error:
            if self._ended:
                raise StopAsyncIteration from None
            raise ConnectionError(f"the backend's answer broke off: {error}") from None
        if not chunk:
            raise StopAsyncIteration
        return chunk

    def end(self) -> None:
        """Let the body end here, as if the backend had ended it."""
        self._ended = True
        self._response.close()

    async def aclose(self) -> None:
        self._response.close()
        await self._transport.release(self._session)


async def send(
    transport: Transport, method: str, location: Location, headers: Headers, body: AsyncIterator[bytes] | None = None
) -> Answer:
    """Send a request and wait for the answer's head; redirects are not followed. Raises BackendError."""
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL

    port = port_number(location)
    context = transport.tls_for(location)
    session = transport.session()
    given = CIMultiDict((passing.canonical(name).decode("latin-1"), _text(value)) for name, value in headers)
    address = replace(location, host=_host(location, port))
    try:
        response = await session.request(
            method, URL(address.url, encoded=True), headers=given, data=body, allow_redirects=False,
            ssl=context or False, server_hostname=transport.server_name or None,
        )
    except aiohttp.ClientConnectorCertificateError as error:
        await transport.release(session)
        raise BackendError(transport.describe(error.certificate_error, location)) from None
    except aiohttp.ClientConnectorError as error:
        await transport.release(session)
        raise BackendError(transport.describe(error.os_error, location)) from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        await transport.release(session)
        raise BackendError(_broken(error, location)) from None
    except BaseException:
        await transport.release(session)
        raise
    transport.answered()
    return Answer(transport, session, response)


def _text(value: bytes) -> str:
    """As aiohttp, which writes UTF-8, sends the same bytes again; for others than UTF-8 there is no such text."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _host(location: Location, port: int) -> str:
    host = location.address[0]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _broken(error: Exception, location: Location) -> str:
    import aiohttp

    if isinstance(error, TimeoutError):
        return describe(error, location)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
        return "EOF"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"malformed HTTP response: {error.message}"
    return str(error) or "EOF"


async def forward(request: Request, location: Location, transport: Transport, headers: Headers) -> Answer:
    """Carry `request` to `location` with `headers` (see `headers.to_backend`). Raises BackendError."""
    length = passing.value_of(request.headers, b"content-length")
    chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
    body = request.chunks() if chunked or length not in ("", "0") else None
    return await send(transport, request.method, location, headers, body)


async def response_of(answer: Answer) -> Response:
    """The answer as one of this server's own: streamed, unless its status has no body."""
    if answer.status in _BODILESS:
        await answer.aclose()
        return Response(answer.status, b"", answer.headers)
    return StreamResponse(answer, answer.status, answer.headers)
