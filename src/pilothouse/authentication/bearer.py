"""Bearer tokens: in the Authorization header, and among the protocols that a WebSocket client offers (upstream:
pkg/authentication/request/bearertoken and websocket).
"""

from pilothouse.apimachinery.http import Request
from pilothouse.authentication import rawurl
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse, TokenAuthenticator

_SPACE_WARNING = "the provided Authorization header contains extra space before the bearer token, and is ignored"
_BLANKS = " \t\n\v\f\r"
_INVALID = "invalid bearer token"
_PROTOCOL_HEADER = b"sec-websocket-protocol"
_PROTOCOL_PREFIX = "base64url.bearer.authorization.k8s.io."


async def authenticate_bearer(
    tokens: TokenAuthenticator, token: str, request: Request
) -> AuthenticatorResponse:
    """Whom `token` names. Raises AuthenticationError also for one that nobody knows: it is wrong, not absent."""
    context = request.context
    response = await tokens.authenticate_token(token, context.audiences)
    if response is None:
        raise AuthenticationError(_INVALID)
    if response.warnings or response.annotations:
        for warning in response.warnings:
            context.warn(warning)
        for key, value in response.annotations.items():
            context.annotate(key, value)
    return response


class BearerTokenAuthenticator:
    """Hands the token to `tokens`; a token that it does not know is an error, not "no opinion"."""

    def __init__(self, tokens: TokenAuthenticator) -> None:
        self._tokens = tokens

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        header = request.header(b"authorization")
        if header is None:
            return None
        parts = header.strip(_BLANKS).split(" ", 2)
        if len(parts) < 2 or parts[0].lower() != "bearer":
            return None
        token = parts[1]
        if not token:
            if len(parts) == 3:
                request.context.warn(_SPACE_WARNING)
            return None
        if not token.isascii():
            # headers are read as latin-1, tokens are UTF-8
            token = token.encode("latin-1").decode("utf-8", "surrogateescape")
        return await authenticate_bearer(self._tokens, token, request)


class WebSocketProtocolAuthenticator:
    """A token as the subprotocol base64url.bearer.authorization.k8s.io.TOKEN, for browsers, which cannot set headers
    on WebSockets. Another subprotocol must be offered beside it; the one with the token is taken off the request."""

    def __init__(self, tokens: TokenAuthenticator) -> None:
        self._tokens = tokens

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        offers = request.header_values(_PROTOCOL_HEADER)
        if not offers or not _is_websocket(request):
            return None
        offered = [protocol.strip() for offer in offers for protocol in offer.split(",")]
        others = [protocol for protocol in offered if not protocol.startswith(_PROTOCOL_PREFIX)]
        if len(offered) - len(others) > 1:
            raise AuthenticationError("multiple base64.bearer.authorization tokens specified")
        token = next((_decoded(p[len(_PROTOCOL_PREFIX):]) for p in offered if p.startswith(_PROTOCOL_PREFIX)), "")
        if not token:
            return None
        if not others:
            raise AuthenticationError("missing additional subprotocol")
        response = await authenticate_bearer(self._tokens, token, request)
        kept = [header for header in request.headers if header[0] != _PROTOCOL_HEADER]
        request.headers = [*kept, (_PROTOCOL_HEADER, ",".join(others).encode("latin-1"))]
        return response


def _is_websocket(request: Request) -> bool:
    connection = request.header(b"connection") or ""
    return (request.header(b"upgrade") or "").lower() == "websocket" and "upgrade" in connection.lower()


def _decoded(text: str) -> str:
    """Raises AuthenticationError."""
    try:
        data = rawurl.decode(text)
    except ValueError:
        raise AuthenticationError("invalid base64.bearer.authorization token encoding") from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise AuthenticationError("invalid base64.bearer.authorization token") from None
