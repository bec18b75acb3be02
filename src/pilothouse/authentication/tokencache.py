"""Remembers what tokens turned out to be (upstream: k8s.io/apiserver pkg/authentication/token/cache).

Tokens are kept as keyed hashes only. Requests that bring the same unknown token at the same time share one look.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from pilothouse.apimachinery.expiring import Expiring
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse, TokenAuthenticator
from pilothouse.observability.logging import log
from pilothouse.observability.metrics import REGISTRY, Registry

_REMEMBERED = 16384
_LOOK_SECONDS = 30.0
"""upstream: sharedLookupTimeout"""


class TokenCacheMetrics:
    def __init__(self, registry: Registry = REGISTRY) -> None:
        prefix = "authentication_token_cache"
        requests = registry.counter(f"{prefix}_request_total", "", ("status",))
        seconds = registry.histogram(f"{prefix}_request_duration_seconds", "", ("status",))
        fetches = registry.counter(f"{prefix}_fetch_total", "", ("status",))
        active = registry.gauge(f"{prefix}_active_fetch_count", "", ("status",))
        self.hits, self.misses = requests.labels("hit"), requests.labels("miss")
        self.hit_seconds, self.miss_seconds = seconds.labels("hit"), seconds.labels("miss")
        self.fetched, self.failed = fetches.labels("ok"), fetches.labels("error")
        self.in_flight, self.blocked = active.labels("in_flight"), active.labels("blocked")
        self._hit_counts = self.hit_seconds.counts

    def hit(self) -> None:
        self.hits.value += 1
        # in no time, as upstream
        self._hit_counts[0] += 1


@dataclass(frozen=True, slots=True)
class _Record:
    """What the delegate said: a response, or why there is none ("" for a token that it does not know)."""

    response: AuthenticatorResponse | None
    error: str | None = None


class CachingTokenAuthenticator:
    """Remembers responses for `success_seconds`, everything else for `failure_seconds`; 0: not at all.

    Errors count as answers if `cache_errors`. `clock` gives monotonic seconds.
    """

    def __init__(
        self, delegate: TokenAuthenticator, *, success_seconds: float, failure_seconds: float,
        cache_errors: bool = True, metrics: TokenCacheMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delegate = delegate
        self._success_seconds = success_seconds
        self._failure_seconds = failure_seconds
        self._cache_errors = cache_errors
        self._metrics = metrics or TokenCacheMetrics()
        self._clock = clock
        self._records: Expiring[bytes, _Record] = Expiring(_REMEMBERED, clock)
        self._flights: dict[bytes, asyncio.Task[_Record]] = {}
        self._secret = secrets.token_bytes(32)
        self._last: tuple[tuple[str, ...], hashlib.blake2b] = ((), self._hash_of(()))

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        key = self._key(token, audiences)
        record = self._records.get(key)
        if record is None:
            record = await self._look(key, token, audiences)
        else:
            self._metrics.hit()
        if record.error is not None:
            raise AuthenticationError(record.error)
        return record.response

    def _key(self, token: str, audiences: tuple[str, ...]) -> bytes:
        if self._last[0] != audiences:
            self._last = (audiences, self._hash_of(audiences))
        hashed = self._last[1].copy()
        hashed.update(token.encode("utf-8", "surrogatepass"))
        return hashed.digest()

    def _hash_of(self, audiences: tuple[str, ...]) -> hashlib.blake2b:
        """A hash fed with the audiences, each with its length, so that the token may follow."""
        hashed = hashlib.blake2b(len(audiences).to_bytes(4), key=self._secret, digest_size=32)
        for audience in audiences:
            data = audience.encode("utf-8", "surrogatepass")
            hashed.update(len(data).to_bytes(4) + data)
        return hashed

    async def _look(self, key: bytes, token: str, audiences: tuple[str, ...]) -> _Record:
        start, metrics = self._clock(), self._metrics
        metrics.blocked.value += 1
        try:
            flight = self._flights.get(key)
            if flight is None:
                flight = asyncio.get_running_loop().create_task(
                    self._fetch(key, token, audiences), name="token-authentication"
                )
                self._flights[key] = flight
            # whoever waits may go away: others may still wait for the same answer
            return await asyncio.shield(flight)
        finally:
            metrics.blocked.value -= 1
            metrics.misses.value += 1
            metrics.miss_seconds.observe(int((self._clock() - start) * 1000) / 1000)

    async def _fetch(self, key: bytes, token: str, audiences: tuple[str, ...]) -> _Record:
        metrics = self._metrics
        metrics.in_flight.value += 1
        try:
            record = await self._ask(token, audiences)
        finally:
            metrics.in_flight.value -= 1
            del self._flights[key]
        (metrics.fetched if record.error is None else metrics.failed).value += 1
        seconds = self._failure_seconds if record.response is None else self._success_seconds
        if seconds > 0 and (self._cache_errors or record.error is None):
            self._records.set(key, record, seconds)
        return record

    async def _ask(self, token: str, audiences: tuple[str, ...]) -> _Record:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return _Record(await self._delegate.authenticate_token(token, audiences))
        except AuthenticationError as error:
            return _Record(None, str(error))
        except TimeoutError:
            return _Record(None, "context deadline exceeded")
        except Exception as error:
            log.exception("Authentication failed unexpectedly", error)
            return _Record(None, "Internal error occurred: authentication failed unexpectedly")
