"""An issuer: what its discovery document says, and its verified tokens (upstream: go-oidc oidc.go, verify.go)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from pilothouse.apimachinery.field import go_quote
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.oidc.client import Client, FetchError
from pilothouse.authentication.oidc.keys import Fetched, RemoteKeySet

WELL_KNOWN = "/.well-known/openid-configuration"
ALGORITHMS = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
_GOOGLE, _GOOGLE_WITHOUT_SCHEME = "https://accounts.google.com", "accounts.google.com"
_LEEWAY = 60.0
"""For "not before" only; a token that has expired has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Which tokens of an issuer count: with one of `algorithms`, for one of `audiences`. `clock` gives Unix seconds."""

    audiences: Sequence[str]
    algorithms: Sequence[str]
    clock: Callable[[], float] = time.time


async def discover(
    client: Client, issuer: str, accepted: Accepted, *, url: str = "", fetched: Fetched | None = None
) -> Verifier:
    """Ask the issuer (at `url`, if it is somewhere else) where its keys are. Raises FetchError."""
    document = await client.get(url or issuer.removesuffix("/") + WELL_KNOWN)
    if document.code != 200:
        raise FetchError(f"{document.status}: {document.shown}")
    try:
        said = orjson.loads(document.body)
    except ValueError as error:
        raise FetchError(f"oidc: failed to decode provider discovery object: {error}") from None
    said = said if isinstance(said, dict) else {}
    named, keys = said.get("issuer") or "", said.get("jwks_uri") or ""
    if named != issuer:
        raise FetchError(
            "oidc: issuer did not match the issuer returned by provider, expected "
            f"{go_quote(issuer)} got {go_quote(str(named))}"
        )
    if not keys or not isinstance(keys, str):
        raise FetchError("provider did not return JWKS URL")
    return Verifier(issuer, RemoteKeySet(client, keys, fetched, accepted.clock), accepted)


class Verifier:
    def __init__(self, issuer: str, keys: RemoteKeySet, accepted: Accepted) -> None:
        self._issuer = issuer
        self._keys = keys
        self._accepted = accepted

    async def verify(self, token: str, header: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims of a token with this (unverified) `header`. Raises AuthenticationError."""
        algorithm, accepted = header.get("alg"), self._accepted
        if algorithm not in accepted.algorithms:
            raise AuthenticationError(
                f"oidc: id token signed with unsupported algorithm, expected {go_list(accepted.algorithms)} "
                f"got {go_quote(str(algorithm or ''))}"
            )
        key_id = header.get("kid") or ""
        if not isinstance(key_id, str):
            raise AuthenticationError("oidc: malformed jwt: go-jose/go-jose: invalid kid header")
        try:
            claims = await self._keys.verify(token, key_id)
        except AuthenticationError as error:
            raise AuthenticationError(f"failed to verify signature: {error}") from None
        self._check(claims)
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Issuer, audience, times, and that claims which are elsewhere say where. Raises AuthenticationError."""
        _check_sources(claims)
        issuer = claims.get("iss") or ""
        if issuer != self._issuer and (issuer, self._issuer) != (_GOOGLE_WITHOUT_SCHEME, _GOOGLE):
            raise AuthenticationError(
                f"oidc: id token issued by a different provider, expected {go_quote(self._issuer)} "
                f"got {go_quote(str(issuer))}"
            )
        self._check_audience(claims.get("aud"))
        now = self._accepted.clock()
        expiry = _time(claims, "exp")
        if expiry is None or expiry < now:
            raise AuthenticationError(f"oidc: token is expired (Token Expiry: {_shown(expiry)})")
        not_before = _time(claims, "nbf")
        if not_before is not None and now + _LEEWAY < not_before:
            raise AuthenticationError(
                f"oidc: current time {_shown(now)} before the nbf (not before) time: {_shown(not_before)}"
            )
        _time(claims, "iat")

    def _check_audience(self, said: Any) -> None:
        got = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        if not all(isinstance(audience, str) for audience in got) or (said is not None and not got and said != []):
            raise AuthenticationError("oidc: failed to unmarshal claims: aud is no audience")
        wanted = self._accepted.audiences
        if not any(audience in wanted for audience in got):
            if len(wanted) == 1:
                raise AuthenticationError(f"oidc: expected audience {go_quote(wanted[0])} got {go_list(got)}")
            raise AuthenticationError(f"oidc: expected audience in {go_list(sorted(wanted))} got {go_list(got)}")


def _check_sources(claims: Mapping[str, Any]) -> None:
    names, sources = claims.get("_claim_names") or {}, claims.get("_claim_sources") or {}
    if not isinstance(names, dict) or not isinstance(sources, dict):
        raise AuthenticationError("oidc: failed to unmarshal claims: _claim_names or _claim_sources is no object")
    for source in names.values():
        if not isinstance(source, str) or not isinstance(sources.get(source) or {}, dict):
            raise AuthenticationError("oidc: failed to unmarshal claims: a source is none")
        if not source:
            raise AuthenticationError("oidc: failed to obtain source from claim name")
        if source not in sources:
            raise AuthenticationError("oidc: source does not exist")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Unix seconds, or None for a claim that is not there. Raises AuthenticationError for what is no time."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AuthenticationError(f"oidc: failed to unmarshal claims: {name} is no number")
    return float(value)


def _shown(seconds: float | None) -> str:
    """A time as Go's %v has it."""
    if seconds is None:
        return "0001-01-01 00:00:00 +0000 UTC"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def go_list(values: Sequence[str]) -> str:
    """%q of a list."""
    return "[" + " ".join(map(go_quote, values)) + "]"
