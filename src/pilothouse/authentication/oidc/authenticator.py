"""Tokens of one issuer (upstream: oidc.go, jwtAuthenticator)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pilothouse.authentication.configuration import JWTConfiguration
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.oidc.client import Client, FetchError
from pilothouse.authentication.oidc.distributed import ClaimResolver
from pilothouse.authentication.oidc.metrics import JWTMetrics
from pilothouse.authentication.oidc.provider import Accepted, Verifier, discover
from pilothouse.authentication.oidc.users import UserMapper
from pilothouse.authentication.oidc.validation import Mapper
from pilothouse.authentication.unverified import Unverified
from pilothouse.observability.configmetrics import FAILURE, SUCCESS
from pilothouse.observability.logging import log

_RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`now` gives Unix seconds, `monotonic` those that measure; `sleep` waits."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class JWTAuthenticator:
    """Knows nothing until `initialize` has found the issuer's keys."""

    def __init__(
        self, configuration: JWTConfiguration, mapper: Mapper, client: Client, algorithms: Sequence[str],
        metrics: JWTMetrics, clocks: Clocks | None = None,
    ) -> None:
        issuer = configuration.issuer
        self.issuer = issuer.url
        self._discovery_url = issuer.discovery_url
        self._client = client
        self._metrics = metrics
        self._clocks = clocks or Clocks()
        self._accepted = Accepted(audiences=issuer.audiences, algorithms=algorithms, clock=self._clocks.now)
        self._users = UserMapper(configuration, mapper)
        groups = configuration.groups.claim
        self._resolver = (
            ClaimResolver(groups, client, self._accepted, self._clocks.monotonic) if groups else None
        )
        self._verifier: Verifier | None = None
        self._error = f'oidc: authenticator for issuer "{self.issuer}" is not initialized'
        self._closed = False

    async def initialize(self) -> None:
        """Ask the issuer until it answers; it may be a pod of this very cluster."""
        while not await self.try_to_initialize():
            await self._clocks.sleep(_RETRY_SECONDS)

    async def try_to_initialize(self) -> bool:
        try:
            self._verifier = await discover(
                self._client, self.issuer, self._accepted, url=self._discovery_url, fetched=self._fetched
            )
        except FetchError as error:
            log.error(f"oidc authenticator: initializing plugin: {error}")
            self._error = str(error)
            return False
        except Exception as error:
            log.exception("oidc authenticator: initializing plugin", error, issuer=self.issuer)
            self._error = "internal error"
            return False
        self._error = ""
        return True

    def _fetched(self, keys: str | None) -> None:
        if not self._closed:
            self._metrics.fetched(self.issuer, keys)

    def health(self) -> str:
        """Why tokens of this issuer cannot be verified yet, or ""."""
        if self._error:
            return f'oidc: authenticator for issuer "{self.issuer}" is not healthy: {self._error}'
        return ""

    async def authenticate(self, token: str, unverified: Unverified) -> AuthenticatorResponse:
        """Whom a token names that says it is this issuer's. Raises AuthenticationError."""
        start, result = self._clocks.monotonic(), FAILURE
        try:
            response = await self._authenticate(token, unverified)
            result = SUCCESS
            return response
        finally:
            self._metrics.authenticated(result, self.issuer, self._clocks.monotonic() - start)

    async def _authenticate(self, token: str, unverified: Unverified) -> AuthenticatorResponse:
        if self._verifier is None:
            raise AuthenticationError("oidc: authenticator not initialized")
        try:
            claims: Mapping[str, Any] = await self._verifier.verify(token, unverified.header)
        except AuthenticationError as error:
            raise AuthenticationError(f"oidc: verify token: {error}") from None
        if self._resolver is not None:
            try:
                claims = await self._resolver.expand(claims)
            except AuthenticationError as error:
                raise AuthenticationError(f"oidc: could not expand distributed claims: {error}") from None
        # Expressions may take long, and claims may be large: aside.
        return AuthenticatorResponse(await asyncio.to_thread(self._users.user, claims))

    async def close(self) -> None:
        self._closed = True
        await self._client.close()
