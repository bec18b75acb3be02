"""Several authenticators as one (upstream: pkg/authentication/request/union, token/union)."""

from collections.abc import Sequence

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.http import Request
from pilothouse.authentication.interface import (
    AuthenticationError,
    Authenticator,
    AuthenticatorResponse,
    TokenAuthenticator,
)


class UnionAuthenticator:
    """The first response counts. Without one: the errors of all together, or None when there was none.

    With `fail_on_error` the first error ends the search (a wrong token must not make its bearer anonymous).
    """

    def __init__(self, authenticators: Sequence[Authenticator], *, fail_on_error: bool = False) -> None:
        self._authenticators = tuple(authenticators)
        self._fail_on_error = fail_on_error

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        errors: list[AuthenticationError] = []
        for authenticator in self._authenticators:
            try:
                response = await authenticator.authenticate(request)
            except AuthenticationError as error:
                if self._fail_on_error:
                    raise
                errors.append(error)
                continue
            if response is not None:
                return response
        if errors:
            raise AuthenticationError(aggregate(errors))
        return None


class UnionTokenAuthenticator:
    """The same for tokens."""

    def __init__(self, authenticators: Sequence[TokenAuthenticator], *, fail_on_error: bool = False) -> None:
        self._authenticators = tuple(authenticators)
        self._fail_on_error = fail_on_error

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        errors: list[AuthenticationError] = []
        for authenticator in self._authenticators:
            try:
                response = await authenticator.authenticate_token(token, audiences)
            except AuthenticationError as error:
                if self._fail_on_error:
                    raise
                errors.append(error)
                continue
            if response is not None:
                return response
        if errors:
            raise AuthenticationError(aggregate(errors))
        return None
