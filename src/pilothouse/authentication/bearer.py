"""Bearer tokens in the Authorization header (upstream: pkg/authentication/request/bearertoken)."""

from pilothouse.apimachinery.http import Request
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse, TokenAuthenticator

_SPACE_WARNING = "the provided Authorization header contains extra space before the bearer token, and is ignored"


class BearerTokenAuthenticator:
    """Hands the token to `tokens`; a token that it does not know is an error, not "no opinion"."""

    def __init__(self, tokens: TokenAuthenticator) -> None:
        self._tokens = tokens

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        header = request.header(b"authorization")
        if header is None:
            return None
        parts = header.strip().split(" ", 2)
        if len(parts) < 2 or parts[0].lower() != "bearer":
            return None
        token = parts[1]
        if not token:
            if len(parts) == 3:
                request.context.warn(_SPACE_WARNING)
            return None
        response = await self._tokens.authenticate_token(token)
        if response is None:
            raise AuthenticationError("invalid bearer token")
        return response
