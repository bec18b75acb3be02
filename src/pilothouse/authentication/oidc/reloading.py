"""Tokens of all configured issuers, which may change while the server runs (upstream: pkg/kubeapiserver/authenticator,
authenticationConfigUpdater).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.authentication.configuration import AuthenticationConfiguration, JWTConfiguration
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.authentication.oidc.authenticator import Clocks, JWTAuthenticator
from pilothouse.authentication.oidc.client import Client, HTTPClient
from pilothouse.authentication.oidc.metrics import JWTMetrics
from pilothouse.authentication.oidc.validation import compile_jwt
from pilothouse.authentication.unverified import look, untrusted_issuer

UPDATE_SECONDS = 60.0
"""For how long the issuers of a new configuration get to answer (upstream: UpdateAuthenticationConfigTimeout)."""
_LINGER_SECONDS = 60.0


class Issuers:
    """One configuration's issuers."""

    def __init__(self, authenticators: Sequence[JWTAuthenticator]) -> None:
        self._by_url = {authenticator.issuer: authenticator for authenticator in authenticators}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def urls(self) -> frozenset[str]:
        return frozenset(self._by_url)

    def start(self) -> None:
        """Begin to ask the issuers for their keys; `close` ends that."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(authenticator.initialize(), name=f"jwt-authenticator {url}")
            for url, authenticator in self._by_url.items()
        ]

    def health(self) -> str:
        return aggregate(filter(None, (authenticator.health() for authenticator in self._by_url.values())))

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        """Every token is one issuer's business at most."""
        if not self._by_url:
            return None
        unverified = await look(token)
        if unverified is None:
            return None
        authenticator = self._by_url.get(untrusted_issuer(unverified.claims))
        return None if authenticator is None else await authenticator.authenticate(token, unverified)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for authenticator in self._by_url.values():
            await authenticator.close()


class ReloadingIssuers:
    """Hands tokens to the issuers of the newest configuration whose issuers have answered.

    `make_client` makes an issuer's HTTP client from its authority (PEM, "" for the system's list).
    """

    def __init__(
        self, configuration: AuthenticationConfiguration, algorithms: Sequence[str], metrics: JWTMetrics, *,
        clocks: Clocks | None = None, make_client: Callable[[str], Client] = HTTPClient,
    ) -> None:
        """The configuration must be valid. Raises ValueError or OSError for certificates that cannot be used."""
        self._algorithms = tuple(algorithms)
        self._metrics = metrics
        self._clocks = clocks or Clocks()
        self._make_client = make_client
        self._issuers = self._make(configuration)
        self._lingering: list[tuple[Issuers, float]] = []

    def start(self) -> None:
        self._issuers.start()

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        return await self._issuers.authenticate_token(token)

    async def update(self, configuration: AuthenticationConfiguration) -> str:
        """Put a valid configuration in force once its issuers have answered; "", or why that was not possible."""
        await self.clear()
        issuers = self._make(configuration)
        issuers.start()
        waited = 0.0
        try:
            while problem := issuers.health():
                if waited >= UPDATE_SECONDS:
                    return problem
                await self._clocks.sleep(1.0)
                waited += 1.0
            old, self._issuers = self._issuers, issuers
        finally:
            if self._issuers is not issuers:
                await issuers.close()
        # requests that are with the old ones may end there
        self._lingering.append((old, self._clocks.monotonic() + _LINGER_SECONDS))
        return ""

    async def clear(self, *, everything: bool = False) -> None:
        """Close old issuers whose time is over, and forget their metrics. Call it now and then."""
        now = self._clocks.monotonic()
        over = [old for old, until in self._lingering if everything or until <= now]
        self._lingering = [entry for entry in self._lingering if entry[0] not in over]
        for old in over:
            await old.close()
            for gone in old.urls - self._issuers.urls:
                self._metrics.forget(gone)

    async def close(self) -> None:
        await self.clear(everything=True)
        await self._issuers.close()

    def _make(self, configuration: AuthenticationConfiguration) -> Issuers:
        return Issuers([self._one(jwt) for jwt in configuration.jwt])

    def _one(self, jwt: JWTConfiguration) -> JWTAuthenticator:
        mapper, _ = compile_jwt(jwt)
        client = self._make_client(jwt.issuer.certificate_authority)
        return JWTAuthenticator(jwt, mapper, client, self._algorithms, self._metrics, self._clocks)
