"""Who is asking: the protocol of authenticators (upstream: k8s.io/apiserver pkg/authentication/authenticator)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User

CREDENTIAL_ID_KEY = "authentication.kubernetes.io/credential-id"
"""The `User.extra` key that tells apart the credentials of one user (upstream: user.CredentialIDKey)."""


@dataclass(frozen=True, slots=True)
class AuthenticatorResponse:
    """A successful authentication.

    `audiences` are those the credential is valid for; empty when the authenticator knows of none. `warnings` and
    `annotations` (of the audit event) go to whoever asked, also when the response is a remembered one.
    """

    user: User
    audiences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


class AuthenticationError(Exception):
    """A credential was presented and found wrong. The text goes to the server's log, never to the client."""


class Authenticator(Protocol):
    """Reads a request's credentials.

    Returns None when the request holds no credential of this kind ("no opinion": the next one is asked).
    Raises AuthenticationError when there is one and it is wrong. Must not change the request, except that
    a credential in a header that only this authenticator understands may be consumed. The credential must be for one
    of the audiences in the request's context, if there are any.
    """

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None: ...


class TokenAuthenticator(Protocol):
    """Reads a bearer token. Results mean what those of `Authenticator` mean.

    With `audiences` the token must be for one of them, and the response tells for which; without, for any.
    """

    async def authenticate_token(self, token: str, audiences: tuple[str, ...] = ()) -> AuthenticatorResponse | None: ...
