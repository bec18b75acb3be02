"""The keys of an issuer, fetched when a token is signed with one that is not known (upstream: go-oidc jwks.go)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.oidc.client import Client, FetchError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_EXPIRY_DELTA = 30.0
"""Keys that are cachable for longer than this are not fetched again, whatever a token says."""
_NOT_SIGNED = "failed to verify id token signature"
_LONGEST_AGE = 365 * 86400.0
Fetched = Callable[[str | None], None]
"""Told of each fetch: the document, or None for a failure."""


class RemoteKeySet:
    """Keys at `url`. `clock` gives Unix seconds."""

    def __init__(
        self, client: Client, url: str, fetched: Fetched | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._url = url
        self._fetched = fetched or (lambda keys: None)
        self._clock = clock
        self._keys: Sequence[tuple[str, PublicKeyTypes]] = ()
        self._expiry = 0.0
        self._fetches = 0
        self._error = ""
        self._fetching = asyncio.Lock()

    async def verify(self, token: str, key_id: str) -> Mapping[str, Any]:
        """The claims of a token that one of the keys signed. Raises AuthenticationError."""
        known = self._fetches
        claims = await asyncio.to_thread(_verify, token, key_id, self._keys)
        if claims is None:
            if self._clock() + _EXPIRY_DELTA <= self._expiry:
                raise AuthenticationError(_NOT_SIGNED)
            await self._update(known)
            claims = await asyncio.to_thread(_verify, token, key_id, self._keys)
        if claims is None:
            raise AuthenticationError(_NOT_SIGNED)
        return claims

    async def _update(self, known: int) -> None:
        """Fetch the keys, unless that was done since there were `known` fetches. Raises AuthenticationError."""
        async with self._fetching:
            if self._fetches == known:
                try:
                    await self._fetch()
                    self._error = ""
                except FetchError as error:
                    self._fetched(None)
                    self._error = f"fetching keys {error}"
                self._fetches += 1
        if self._error:
            raise AuthenticationError(self._error)

    async def _fetch(self) -> None:
        from pilothouse.authentication.oidc.webkeys import parse_key_set

        try:
            document = await self._client.get(self._url)
        except FetchError as error:
            raise FetchError(f"oidc: get keys failed {error}") from None
        if document.code != 200:
            raise FetchError(f"oidc: get keys failed: {document.status} {document.shown}")
        try:
            self._keys = await asyncio.to_thread(parse_key_set, document.body)
        except ValueError as error:
            raise FetchError(f"oidc: failed to decode keys: {error} {document.shown}") from None
        now = self._clock()
        self._expiry = now + fresh_seconds(document.headers, now)
        self._fetched(document.body.decode("utf-8", "replace"))


def _verify(token: str, key_id: str, keys: Sequence[tuple[str, PublicKeyTypes]]) -> Mapping[str, Any] | None:
    """Runs in a thread: there may be many keys, and the first one loads cryptography."""
    from pilothouse.authentication import jwt

    for name, key in keys:
        if not key_id or name == key_id:
            try:
                return jwt.verify(token, key)
            except jwt.TokenError:
                continue
    return None


def fresh_seconds(headers: Mapping[str, str], now: float) -> float:
    """For how long a shared cache may keep an answer (RFC 9111); 0 without a word about it."""
    directives: dict[str, str] = {}
    for part in headers.get("cache-control", "").split(","):
        name, _, value = part.strip().lower().partition("=")
        directives[name] = value.strip('"')
    if any(name in directives for name in ("no-store", "no-cache", "private")):
        return 0.0
    for name in ("s-maxage", "max-age"):
        value = directives.get(name, "")
        if value.isascii() and value.isdigit():
            return min(float(value[:12]), _LONGEST_AGE)
    try:
        until = parsedate_to_datetime(headers.get("expires", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(until - now, 0.0), _LONGEST_AGE)
