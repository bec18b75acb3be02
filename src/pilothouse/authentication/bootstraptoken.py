"""Bootstrap tokens: Secrets in kube-system with which new nodes join (upstream: plugin/pkg/auth/authenticator/token/
bootstrap, k8s.io/cluster-bootstrap).

A token is ID.SECRET; it is looked up in the Secret bootstrap-token-ID. Whatever is wrong with that Secret makes the
token unknown and is told in the log, never the client.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.apimachinery import meta
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.observability.logging import log

NAMESPACE = "kube-system"
SECRET_PREFIX = "bootstrap-token-"  # noqa: S105
SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105
DEFAULT_GROUP = "system:bootstrappers"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_GROUP_PATTERN = r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z"
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")

GetSecret = Callable[[str], Mapping[str, Any] | None]
"""The Secret of this name in kube-system, as stored, or None."""


class BootstrapTokenAuthenticator:
    """`clock` gives Unix seconds."""

    def __init__(self, get_secret: GetSecret, *, clock: Callable[[], float] = time.time) -> None:
        self._get_secret = get_secret
        self._clock = clock

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        token_id, token_secret = parts.groups()
        name = f"{SECRET_PREFIX}{token_id}"
        secret = self._get_secret(name)
        if secret is None:
            _tell(f"No secret of name {name} to match bootstrap bearer token")
            return None
        try:
            groups = self._check(secret, token_id, token_secret)
        except ValueError as error:
            _tell(f"Bootstrap secret {NAMESPACE}/{name} matching bearer token {error}")
            return None
        return AuthenticatorResponse(User(f"system:bootstrap:{token_id}", groups=groups))

    def _check(self, secret: Mapping[str, Any], token_id: str, token_secret: str) -> tuple[str, ...]:
        """The groups that the token gives. Raises ValueError with what is wrong with the Secret."""
        if secret["metadata"].get("deletionTimestamp"):
            raise ValueError("is deleted and awaiting removal")
        if secret.get("type") != SECRET_TYPE or not secret.get("data"):
            raise ValueError(f"has invalid type, expected {SECRET_TYPE}.")
        if not hmac.compare_digest(_data(secret, "token-secret"), token_secret.encode()):
            raise ValueError("has invalid value for key token-secret.")
        if _data(secret, "token-id") != token_id.encode():
            raise ValueError("has invalid value for key token-id.")
        self._check_expiration(_data(secret, "expiration").decode("utf-8", "replace"))
        if _data(secret, "usage-bootstrap-authentication") != b"true":
            raise ValueError("not marked usage-bootstrap-authentication=true.")
        return _groups(_data(secret, "auth-extra-groups").decode("utf-8", "replace"))

    def _check_expiration(self, text: str) -> None:
        if not text:
            return
        until = _time(text)
        if until is None:
            raise ValueError("has an expiration that is no time. Treating as expired.")
        if until <= self._clock():
            raise ValueError(f"is expired: {text}")


def _time(text: str) -> float | None:
    """Unix seconds of what Go reads as RFC 3339; Python would read more."""
    try:
        return meta.parse_time(text) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def _data(secret: Mapping[str, Any], key: str) -> bytes:
    try:
        return base64.b64decode(secret["data"].get(key) or "")
    except binascii.Error:
        return b""


def _groups(extra: str) -> tuple[str, ...]:
    """Raises ValueError for a group that no bootstrap token may give."""
    groups = {DEFAULT_GROUP}
    for group in extra.split(",") if extra else ():
        if _GROUP.fullmatch(group) is None:
            raise ValueError(
                f'has invalid value for key auth-extra-groups: bootstrap group "{group}" is invalid '
                f"(must match {_GROUP_PATTERN})."
            )
        groups.add(group)
    return tuple(sorted(groups))


def _tell(text: str) -> None:
    if log.v(3):
        log.info(text)
