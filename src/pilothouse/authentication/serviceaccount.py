"""Service account tokens (upstream: pkg/serviceaccount jwt.go, claims.go).

A token's signature is verified once and remembered. Times, and whether the service account and whatever the
token is bound to are still there, are looked at on every request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import CREDENTIAL_ID_KEY, AuthenticationError, AuthenticatorResponse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

LEEWAY = 60.0
"""Seconds by which clocks may differ, and for which a deleted object's tokens still hold (go-jose's default)."""
_REMEMBERED = 4096
_EXTRA = "authentication.kubernetes.io/"

Keys = Callable[[], Sequence[tuple[str, "PublicKeyTypes"]]]
"""The keys that verify tokens, each with its key id. Asked once, in a thread, at the first token."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored under a name: uid, and since when it is being deleted (Unix seconds) or None."""

    uid: str
    deleted_at: float | None = None


class Lookup(Protocol):
    def __call__(self, resource: str, namespace: str, name: str) -> Stored | None:
        """The newest state of a serviceaccounts, secrets, pods or nodes object ("" namespace for nodes)."""
        ...


@dataclass(frozen=True, slots=True)
class _Verified:
    claims: Mapping[str, Any]
    kubernetes: Mapping[str, Any]
    response: AuthenticatorResponse


class ServiceAccountAuthenticator:
    """Accepts tokens of `issuers` for one of `audiences`."""

    def __init__(
        self, issuers: Sequence[str], keys: Keys, audiences: Sequence[str], lookup: Lookup,
        *, clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = frozenset(issuers)
        self._read_keys = keys
        self._keys: Sequence[tuple[str, PublicKeyTypes]] | None = None
        self._audiences = tuple(audiences)
        self._lookup = lookup
        self._clock = clock
        self._known: dict[str, _Verified] = {}

    async def authenticate_token(self, token: str) -> AuthenticatorResponse | None:
        verified = self._known.get(token)
        if verified is None:
            if token.count(".") != 2:
                return None
            verified = await asyncio.to_thread(self._verify, token)
            if verified is None:
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[token] = verified
        self._check_times(verified.claims)
        self._check_objects(verified.kubernetes)
        return verified.response

    def _verify(self, token: str) -> _Verified | None:
        """None for a token that is none of ours. Runs in a thread: the first one loads cryptography and keys."""
        from pilothouse.authentication import jwt

        header, payload, _ = token.split(".")
        try:
            if jwt.decode_part(payload).get("iss") not in self._issuers:
                return None
            key_id = jwt.decode_part(header).get("kid", "")
        except (jwt.TokenError, TypeError):
            return None
        if self._keys is None:
            self._keys = self._read_keys()
        keys = [key for name, key in self._keys if not key_id or name == key_id]
        if not keys:
            raise AuthenticationError("invalid signature, no keys found")
        errors: list[Exception] = []
        for key in keys:
            try:
                return self._read(jwt.verify(token, key))
            except jwt.TokenError as error:
                errors.append(error)
        raise AuthenticationError(aggregate(errors))

    def _read(self, claims: Mapping[str, Any]) -> _Verified:
        said = claims.get("aud") or ()
        audiences = [said] if isinstance(said, str) else list(said)
        # A token without audiences is for this server.
        common = tuple(a for a in audiences or self._audiences if a in self._audiences)
        if not common and self._audiences:
            raise AuthenticationError(
                f"token audiences {_go_list(audiences)} is invalid for the target audiences {_go_list(self._audiences)}"
            )
        kubernetes = claims.get("kubernetes.io")
        if not isinstance(kubernetes, dict) or not isinstance(kubernetes.get("serviceaccount"), dict):
            raise AuthenticationError("service account token claims could not be validated")
        return _Verified(claims, kubernetes, AuthenticatorResponse(user_of(claims, kubernetes), common))

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        if now - LEEWAY > claims.get("exp", now):
            raise AuthenticationError("service account token has expired")
        if now + LEEWAY < claims.get("nbf", now):
            raise AuthenticationError("service account token is not valid yet")
        if now + LEEWAY < claims.get("iat", now):
            raise AuthenticationError("service account token is issued in the future")

    def _check_objects(self, kubernetes: Mapping[str, Any]) -> None:
        namespace = str(kubernetes.get("namespace", ""))
        account = kubernetes["serviceaccount"]
        name = str(account.get("name", ""))
        stored = self._lookup("serviceaccounts", namespace, name)
        if stored is None:
            raise AuthenticationError(f'serviceaccounts "{name}" not found')
        if stored.uid != account.get("uid"):
            raise AuthenticationError(
                f"service account UID ({stored.uid}) does not match claim ({account.get('uid', '')})"
            )
        if self._gone(stored):
            raise AuthenticationError(f"service account {namespace}/{name} has been deleted")
        for kind in ("secret", "pod", "node"):
            # The node of a token that is bound to a pod is only told, not checked.
            if kubernetes.get(kind) and not (kind == "node" and kubernetes.get("pod")):
                self._check_bound(kind, kubernetes[kind], "" if kind == "node" else namespace)

    def _check_bound(self, kind: str, ref: Mapping[str, Any], namespace: str) -> None:
        stored = self._lookup(f"{kind}s", namespace, str(ref.get("name", "")))
        if stored is None:
            raise AuthenticationError("service account token has been invalidated")
        if stored.uid != ref.get("uid"):
            raise AuthenticationError(
                f"{kind} UID ({stored.uid}) does not match service account {kind} ref claim ({ref.get('uid', '')})"
            )
        if self._gone(stored):
            raise AuthenticationError("service account token has been invalidated")

    def _gone(self, stored: Stored) -> bool:
        return stored.deleted_at is not None and stored.deleted_at < self._clock() - LEEWAY


def user_of(claims: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> User:
    """The user that a token stands for."""
    namespace, account = kubernetes.get("namespace", ""), kubernetes["serviceaccount"]
    extra: dict[str, tuple[str, ...]] = {}
    pod, node = kubernetes.get("pod") or {}, kubernetes.get("node") or {}
    if pod.get("name") and pod.get("uid"):
        extra[f"{_EXTRA}pod-name"] = (pod["name"],)
        extra[f"{_EXTRA}pod-uid"] = (pod["uid"],)
    if claims.get("jti"):
        extra[CREDENTIAL_ID_KEY] = (f"JTI={claims['jti']}",)
    if node.get("name"):
        extra[f"{_EXTRA}node-name"] = (node["name"],)
        if node.get("uid"):
            extra[f"{_EXTRA}node-uid"] = (node["uid"],)
    return User(
        f"system:serviceaccount:{namespace}:{account.get('name', '')}", account.get("uid", ""),
        ("system:serviceaccounts", f"system:serviceaccounts:{namespace}"), extra,
    )


def _go_list(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
