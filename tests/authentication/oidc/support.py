"""An issuer whose documents are given, and the authenticator of its tokens."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.issuer import key_set

from pilothouse.apimachinery.user import User
from pilothouse.authentication.configuration import AuthenticationConfiguration, load
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.oidc.authenticator import Clocks
from pilothouse.authentication.oidc.client import Document, FetchError
from pilothouse.authentication.oidc.metrics import JWTMetrics
from pilothouse.authentication.oidc.provider import ALGORITHMS, WELL_KNOWN
from pilothouse.authentication.oidc.reloading import ReloadingIssuers
from pilothouse.observability.metrics import Registry

NOW = 1_800_000_000.0
URL = "https://issuer.example"
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


class Web:
    """An `oidc.client.Client`; pages are bodies, (code, headers, body), or functions that make them."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {
            URL + WELL_KNOWN: {"issuer": URL, "jwks_uri": f"{URL}/keys"}, f"{URL}/keys": key_set(("k1", KEY)),
        }
        self.asked: list[tuple[str, str]] = []
        self.closed = 0

    async def get(self, url: str, token: str = "") -> Document:
        self.asked.append((url, token))
        await asyncio.sleep(0)
        page = self.pages.get(url)
        if isinstance(page, Callable):  # type: ignore[arg-type]
            page = page()
        if page is None:
            raise FetchError(f'Get "{url}": connection refused')
        code, headers, body = page if isinstance(page, tuple) else (200, {}, page)
        return Document(code, f"{code} Some", headers, body if isinstance(body, bytes) else json.dumps(body).encode())

    async def close(self) -> None:
        self.closed += 1


def jwt_configuration(*jwts: Any, **more: Any) -> AuthenticationConfiguration:
    return load(yaml.safe_dump({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [{
            "issuer": {"url": URL, "audiences": ["client"], **(parts.pop("issuer", None) or {})},
            "claimMappings": {"username": {"claim": "sub", "prefix": "x:"}}, **parts,
        } for parts in map(dict, jwts)], **more,
    }).encode())


def sign(key: rsa.RSAPrivateKey = KEY, algorithm: str = "RS256", kid: str = "k1", **claims: Any) -> str:
    payload = {"iss": URL, "aud": "client", "sub": "jane", "iat": NOW, "exp": NOW + 600, **claims}
    payload = {name: value for name, value in payload.items() if value is not ...}
    return jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm, {"kid": kid} if kid else None)


class Setup:
    """The issuers of a configuration, over a `Web`."""

    def __init__(self, *jwts: Any, algorithms: tuple[str, ...] = ALGORITHMS) -> None:
        self.now = NOW
        self.slept = 0.0
        self.web = Web()
        self.registry = Registry()
        clocks = Clocks(now=lambda: self.now, monotonic=lambda: self.now, sleep=self._sleep)
        self.issuers = ReloadingIssuers(
            jwt_configuration(*(jwts or ({},))), algorithms, JWTMetrics("server", self.registry, lambda: self.now),
            clocks=clocks, make_client=lambda authority: self.web,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds
        await asyncio.sleep(0)

    async def ready(self) -> None:
        """Start, and let the issuers be asked once."""
        self.issuers.start()
        for _ in range(5):
            await asyncio.sleep(0)

    async def ask(self, token: str) -> User | str | None:
        """A user, or why there is none."""
        try:
            response = await self.issuers.authenticate_token(token)
        except AuthenticationError as error:
            return str(error)
        return response.user if response else None

    def answer(self, token: str) -> User | str | None:
        async def run() -> User | str | None:
            await self.ready()
            try:
                return await self.ask(token)
            finally:
                await self.issuers.close()

        return asyncio.run(run())
