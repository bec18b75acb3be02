"""Requests without credentials (upstream: k8s.io/apiserver pkg/authentication/request/anonymous)."""

from collections.abc import Sequence

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import ALL_UNAUTHENTICATED, ANONYMOUS, User
from pilothouse.authentication.interface import AuthenticatorResponse

_USER = User(ANONYMOUS, groups=(ALL_UNAUTHENTICATED,))


class AnonymousAuthenticator:
    """Everybody is system:anonymous; with `paths`, only at these. Must be asked last."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = frozenset(paths)
        self._response = AuthenticatorResponse(_USER)

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        if self._paths and request.path not in self._paths:
            return None
        if self._response.audiences != request.context.audiences:
            # hardly ever: all requests but those of token reviews are for the same ones
            self._response = AuthenticatorResponse(_USER, request.context.audiences)
        return self._response
