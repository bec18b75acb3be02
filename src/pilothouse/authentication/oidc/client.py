"""Documents of issuers over HTTPS, bounded in time and size."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

if TYPE_CHECKING:
    import aiohttp

SECONDS = 30.0
MAX_BYTES = 1024 * 1024
"""Upstream reads everything; no issuer has a hundredth of this."""
_SHOWN = 1024
_CONNECTIONS = 4


class FetchError(Exception):
    """A document could not be had."""


@dataclass(frozen=True, slots=True)
class Document:
    """`status` is "200 OK"; header names are lower case."""

    code: int
    status: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def shown(self) -> str:
        """The beginning of the body, for error texts."""
        return self.body[:_SHOWN].decode("utf-8", "replace")


class Client(Protocol):
    async def get(self, url: str, token: str = "") -> Document:
        """Raises FetchError when there is no answer. `token` is a bearer token to send along."""
        ...

    async def close(self) -> None: ...


class HTTPClient:
    """Verifies servers with `authority` (PEM), or with the system's list. Raises ssl.SSLError for a bad one."""

    def __init__(self, authority: str = "") -> None:
        self._tls = ssl.create_default_context(cadata=authority or None)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, token: str = "") -> Document:
        import aiohttp

        # a small answer must not become a large one
        headers = {"Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._connected().get(url, headers=headers, proxy=_proxy(url)) as response:
                body = await _read(response)
        except TimeoutError:
            raise FetchError(f'Get "{url}": context deadline exceeded') from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f'Get "{url}": {error}') from None
        found = {name.lower(): value for name, value in response.headers.items()}
        return Document(response.status, f"{response.status} {response.reason}", found, body)

    def _connected(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=_CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=SECONDS), auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _proxy(url: str) -> str | None:
    """What $HTTPS_PROXY and $NO_PROXY say of `url`."""
    parts = urlsplit(url)
    proxy = getproxies_environment().get(parts.scheme)
    return None if not proxy or proxy_bypass(parts.hostname or "") else proxy


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    while piece := await response.content.readany():
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise ValueError(f"the answer is larger than {MAX_BYTES} bytes")
    return b"".join(pieces)
