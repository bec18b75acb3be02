"""Requests without credentials (upstream: k8s.io/apiserver pkg/authentication/request/anonymous)."""

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import ALL_UNAUTHENTICATED, ANONYMOUS, User
from pilothouse.authentication.interface import AuthenticatorResponse

_RESPONSE = AuthenticatorResponse(User(ANONYMOUS, groups=(ALL_UNAUTHENTICATED,)))


class AnonymousAuthenticator:
    """Everybody is system:anonymous. Must be asked last."""

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        return _RESPONSE
