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
    """The first response counts. Without one: the errors of all together, or what `otherwise` says when there was none
    (a wrong token must not make its bearer anonymous).

    Those `by_certificate` come first, and are asked only where the client has shown a certificate.
    """

    def __init__(
        self, authenticators: Sequence[Authenticator], *, by_certificate: Sequence[Authenticator] = (),
        otherwise: Authenticator | None = None,
    ) -> None:
        self._without_certificate = tuple(authenticators)
        self._all = (*by_certificate, *authenticators)
        self._otherwise = otherwise

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        errors: list[AuthenticationError] = []
        for authenticator in self._all if request.peer_certificates else self._without_certificate:
            try:
                response = await authenticator.authenticate(request)
            except AuthenticationError as error:
                errors.append(error)
                continue
            if response is not None:
                return response
        if errors:
            raise AuthenticationError(aggregate(errors))
        return None if self._otherwise is None else await self._otherwise.authenticate(request)


class UnionTokenAuthenticator:
    """The same for tokens."""

    def __init__(self, authenticators: Sequence[TokenAuthenticator]) -> None:
        self._authenticators = tuple(authenticators)

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None:
        errors: list[AuthenticationError] = []
        for authenticator in self._authenticators:
            try:
                response = await authenticator.authenticate_token(token, audiences)
            except AuthenticationError as error:
                errors.append(error)
                continue
            if response is not None:
                return response
        if errors:
            raise AuthenticationError(aggregate(errors))
        return None
