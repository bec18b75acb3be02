"""Adds system:authenticated (upstream: pkg/authentication/group/authenticated_group_adder.go)."""

from dataclasses import replace

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS
from pilothouse.authentication.interface import Authenticator, AuthenticatorResponse

_REMEMBERED = 4096


class AuthenticatedGroupAdder:
    """Every authenticated user is a member of system:authenticated, unless he already is or is anonymous.

    Authenticators that cache give the same response object again and again, and so does this: what was made
    of a response is remembered for it.
    """

    def __init__(self, delegate: Authenticator) -> None:
        self._delegate = delegate
        self._made: dict[int, tuple[AuthenticatorResponse, AuthenticatorResponse]] = {}

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        response = await self._delegate.authenticate(request)
        if response is None:
            return None
        made = self._made.get(id(response))
        # The pair keeps the response alive, so its id cannot come to mean another one.
        if made is not None:
            return made[1]
        if len(self._made) >= _REMEMBERED:
            self._made.clear()
        added = with_group(response)
        self._made[id(response)] = (response, added)
        return added


def with_group(response: AuthenticatorResponse) -> AuthenticatorResponse:
    user = response.user
    if user.name == ANONYMOUS or ALL_AUTHENTICATED in user.groups or ALL_UNAUTHENTICATED in user.groups:
        return response
    return replace(response, user=replace(user, groups=(*user.groups, ALL_AUTHENTICATED)))
