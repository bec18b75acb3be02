"""Asking another server whom a token names (upstream: k8s.io/apiserver plugin/pkg/authenticator/token/webhook)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.user import User
from pilothouse.apimachinery.webhook.caller import Backoff, Caller, WebhookError, with_backoff
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.observability.logging import log

VERSIONS = ("v1", "v1beta1")
BACKOFF = Backoff(0.5)


class WebhookTokenAuthenticator:
    """Posts TokenReviews. A server that does not answer is an error: the token is not accepted, and not remembered.

    `audiences` are this server's own: those of a token about whose audiences the answer says nothing.
    """

    def __init__(
        self, caller: Caller, version: str, audiences: Sequence[str], *, backoff: Backoff = BACKOFF,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Raises ValueError for a version that there is not."""
        if version not in VERSIONS:
            raise ValueError(
                f'unsupported authentication webhook version "{version}", supported versions are "v1", "v1beta1"'
            )
        self._caller = caller
        self._version = version
        self._own = tuple(audiences)
        self._backoff = backoff
        self._sleep = sleep

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        spec: dict[str, Any] = {"token": token}
        if audiences:
            spec["audiences"] = list(audiences)
        try:
            body = orjson.dumps({
                "kind": "TokenReview", "apiVersion": f"authentication.k8s.io/{self._version}",
                "metadata": {}, "spec": spec, "status": {"user": {}},
            })
        except TypeError:
            raise AuthenticationError("the token is no text") from None
        try:
            status = await with_backoff(lambda: self._ask(body), self._backoff, sleep=self._sleep)
        except WebhookError as error:
            log.error("Failed to make webhook authenticator request", error)
            raise AuthenticationError(str(error)) from None
        common: tuple[str, ...] = ()
        if audiences:
            valid = status.get("audiences") or self._own
            wanted = frozenset(audiences)
            common = tuple(audience for audience in valid if audience in wanted)
            if not common:
                return None
        if not status.get("authenticated"):
            if status.get("error"):
                raise AuthenticationError(status["error"])
            return None
        return AuthenticatorResponse(_user(status.get("user") or {}), common)

    async def _ask(self, body: bytes) -> dict[str, Any]:
        answer = await self._caller.post(body)
        try:
            status = orjson.loads(answer).get("status") or {}
            _check(status)
        except (ValueError, TypeError, AttributeError) as error:
            raise WebhookError(f"the answer is no TokenReview: {error}") from None
        found: dict[str, Any] = status
        return found


def _user(info: Mapping[str, Any]) -> User:
    extra = {key: tuple(values or ()) for key, values in (info.get("extra") or {}).items()}
    return User(info.get("username") or "", info.get("uid") or "", tuple(info.get("groups") or ()), extra)


def _check(status: Mapping[str, Any]) -> None:
    """Raises TypeError for a field that is not what it should be; the text has no values."""
    user = _typed(status, "user", dict) or {}
    _typed(status, "authenticated", bool)
    _typed(status, "error", str)
    _strings(status, "audiences")
    _typed(user, "username", str)
    _typed(user, "uid", str)
    _strings(user, "groups")
    extra = _typed(user, "extra", dict) or {}
    for key in extra:
        _strings(extra, key)


def _typed(holder: Mapping[str, Any], name: str, kind: type) -> Any:
    value = holder.get(name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} is no {kind.__name__}")
    return value


def _strings(holder: Mapping[str, Any], name: str) -> None:
    values = _typed(holder, name, list) or ()
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} has items that are no text")
