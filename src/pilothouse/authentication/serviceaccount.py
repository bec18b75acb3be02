"""Service account tokens: JSON Web Tokens that this server has signed (upstream: pkg/serviceaccount/jwt.go).

What the claims say and whether it still holds is the business of a validator: `boundtoken` for tokens of TokenRequests,
`legacytoken` for those in Secrets. What a token turned out to be is remembered by `tokencache`, not here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.authentication.serviceaccountmetrics import ServiceAccountMetrics
from pilothouse.authentication.unverified import look

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

Keys = Callable[[], Sequence[tuple[str, "PublicKeyTypes"]]]
"""The keys that verify tokens, each with its key id. Asked once, in a thread, at the first token."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored under a name: uid, since when it is being deleted (Unix seconds) or None, and the whole object."""

    uid: str
    deleted_at: float | None = None
    object: Mapping[str, Any] = field(default_factory=dict)


class Lookup(Protocol):
    def __call__(self, resource: str, namespace: str, name: str) -> Stored | None:
        """The newest state of a serviceaccounts, secrets, pods or nodes object ("" namespace for nodes)."""
        ...


@dataclass(frozen=True, slots=True)
class Validated:
    """Whom a token names; `warnings` and `annotations` as of `AuthenticatorResponse`."""

    user: User
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


class Validator(Protocol):
    async def validate(self, token: str, claims: Mapping[str, Any]) -> Validated:
        """What the verified claims of a token are worth now. Raises AuthenticationError."""
        ...


class ServiceAccountAuthenticator:
    """Accepts tokens of `issuers`, for one of the audiences that are asked for, or else of `audiences`."""

    def __init__(
        self, issuers: Sequence[str], keys: Keys, audiences: Sequence[str], validator: Validator,
        metrics: ServiceAccountMetrics | None = None,
    ) -> None:
        self._issuers = tuple(issuers)
        self._read_keys = keys
        self._keys: Sequence[tuple[str, PublicKeyTypes]] | None = None
        self._audiences = tuple(audiences)
        self._validator = validator
        self._metrics = metrics or ServiceAccountMetrics()

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        unverified = await look(token)
        if unverified is None or unverified.claims.get("iss") not in self._issuers or not _readable(unverified.header):
            return None
        claims = await asyncio.to_thread(self._verify, token, unverified.header.get("kid"))
        said = _audiences(claims)
        annotations: dict[str, str] = {}
        if not said:
            # A token without audiences is for this server.
            annotations["authentication.k8s.io/legacy-token"] = str(claims.get("sub", ""))
            self._metrics.legacy.inc()
            said = self._audiences
        wanted = audiences or self._audiences
        # both can be long: a token says what was asked for when it was made
        among = frozenset(said)
        common = tuple(audience for audience in wanted if audience in among)
        if not common and self._audiences:
            raise AuthenticationError(
                f"token audiences {_go_list(said)} is invalid for the target audiences {_go_list(wanted)}"
            )
        found = await self._validator.validate(token, claims)
        return AuthenticatorResponse(found.user, common, found.warnings, {**annotations, **found.annotations})

    def _verify(self, token: str, key_id: Any) -> Mapping[str, Any]:
        """Runs in a thread: the first one loads cryptography and keys. Raises AuthenticationError."""
        from pilothouse.authentication import jwt

        if self._keys is None:
            self._keys = self._read_keys()
        keys = [key for name, key in self._keys if not key_id or name == key_id]
        if not keys:
            raise AuthenticationError("invalid signature, no keys found")
        errors: list[Exception] = []
        for key in keys:
            try:
                return jwt.verify(token, key)
            except jwt.TokenError as error:
                errors.append(error)
        raise AuthenticationError(aggregate(errors))


def user_of(
    namespace: str, name: str, uid: str, extra: Mapping[str, tuple[str, ...]] | None = None
) -> User:
    """The user that a service account is."""
    return User(
        f"system:serviceaccount:{namespace}:{name}", uid,
        ("system:serviceaccounts", f"system:serviceaccounts:{namespace}"), extra or {},
    )


def _readable(header: Mapping[str, Any]) -> bool:
    """Whether it is a header at all, to go-jose."""
    return all(isinstance(header.get(name) or "", str) for name in ("alg", "kid", "nonce"))


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Raises AuthenticationError for what are no audiences."""
    said = claims.get("aud", ())
    audiences = (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list | tuple) else (None,)
    if not all(isinstance(audience, str) for audience in audiences):
        raise AuthenticationError("go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience")
    return audiences


def _go_list(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
