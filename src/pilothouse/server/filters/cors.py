"""Cross-origin requests (upstream: server/filters/cors.go)."""

from collections.abc import Awaitable, Sequence

from pilothouse.apimachinery.http import Handler, Headers, Request, Response

_ALLOWED: Headers = [
    (b"access-control-allow-methods", b"POST, GET, OPTIONS, PUT, DELETE, PATCH"),
    (
        b"access-control-allow-headers",
        b"Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With,"
        b" If-Modified-Since",
    ),
    (b"access-control-expose-headers", b"Date"),
    (b"access-control-allow-credentials", b"true"),
]


def with_cors(handler: Handler, allowed_origins: Sequence[str]) -> Handler:
    """`allowed_origins` are regular expressions, searched in the Origin header; none: no CORS at all."""
    if not allowed_origins:
        return handler
    import re2

    patterns = [re2.compile(pattern) for pattern in allowed_origins]

    def serve(request: Request) -> Awaitable[Response]:
        origin = request.header(b"origin")
        if not origin or not any(pattern.search(origin) for pattern in patterns):
            return handler(request)
        headers = request.context.response_headers
        headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        headers += _ALLOWED
        if request.method == "OPTIONS":
            return _preflight()
        return handler(request)

    return serve


async def _preflight() -> Response:
    """A preflight is answered before authentication: browsers send it without credentials."""
    return Response(204)
