"""Audiences of credentials that say nothing of audiences (upstream: pkg/authentication/authenticator/audagnostic.go).

Whoever such a credential names, it is one for this server: it is worth nothing where another server is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pilothouse.apimachinery.http import Request
from pilothouse.authentication.interface import Authenticator, AuthenticatorResponse, TokenAuthenticator

_REMEMBERED = 4096


class _Implicit:
    """Gives responses the audiences that are both asked for and this server's own."""

    def __init__(self, audiences: Sequence[str]) -> None:
        self._own = tuple(audiences)
        self._made: dict[int, tuple[AuthenticatorResponse, tuple[str, ...], AuthenticatorResponse]] = {}

    def common(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        if wanted == self._own:
            return wanted
        return tuple(audience for audience in wanted if audience in self._own)

    def give(self, response: AuthenticatorResponse, audiences: tuple[str, ...]) -> AuthenticatorResponse:
        """The same response object for the same one, as long as it is asked of again and again."""
        made = self._made.get(id(response))
        if made is not None and made[1] == audiences:
            return made[2]
        if len(self._made) >= _REMEMBERED:
            self._made.clear()
        given = replace(response, audiences=audiences)
        # The tuple keeps the response alive, so its id cannot come to mean another one.
        self._made[id(response)] = (response, audiences, given)
        return given


class AudienceAgnosticTokens:
    def __init__(self, delegate: TokenAuthenticator, audiences: Sequence[str]) -> None:
        self._delegate = delegate
        self._implicit = _Implicit(audiences)

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        if not audiences:
            return await self._delegate.authenticate_token(token)
        common = self._implicit.common(audiences)
        if not common:
            return None
        response = await self._delegate.authenticate_token(token)
        return None if response is None else self._implicit.give(response, common)


class AudienceAgnostic:
    """The same for requests."""

    def __init__(self, delegate: Authenticator, audiences: Sequence[str]) -> None:
        self._delegate = delegate
        self._implicit = _Implicit(audiences)

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        wanted = request.context.audiences
        if not wanted:
            return await self._delegate.authenticate(request)
        common = self._implicit.common(wanted)
        if not common:
            return None
        response = await self._delegate.authenticate(request)
        return None if response is None else self._implicit.give(response, common)
