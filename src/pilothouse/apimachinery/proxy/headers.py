"""Which headers pass a proxy (upstream: Go's net/http/httputil ReverseProxy)."""

from __future__ import annotations

from collections.abc import Iterable

from pilothouse.apimachinery.http import Headers, Request

#: About one connection only (RFC 9110, 7.6.1), as ReverseProxy has them.
_HOP_BY_HOP = frozenset({
    b"connection", b"proxy-connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
})
_CORS = frozenset({
    b"access-control-allow-credentials", b"access-control-allow-headers", b"access-control-allow-methods",
    b"access-control-allow-origin",
})
FORWARDED_FOR = b"x-forwarded-for"


def is_upgrade(request: Request) -> bool:
    """Whether the client wants another protocol (upstream: httpstream.IsUpgradeRequest)."""
    return any(name == b"connection" and b"upgrade" in value.lower() for name, value in request.headers)


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Without those that concern one connection only, named ones included; names in lower case."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in lowered if name == b"connection" for token in value.split(b",")}
    return [header for header in lowered if header[0] not in _HOP_BY_HOP and header[0] not in named]


def to_backend(request: Request) -> Headers:
    """The headers of a forwarded request."""
    headers = end_to_end(request.headers)
    if any(name == b"te" and b"trailers" in value.lower() for name, value in request.headers):
        headers.append((b"te", b"trailers"))
    return with_forwarded_for(headers, request)


def with_forwarded_for(headers: Headers, request: Request) -> Headers:
    """With the client's address behind those that are there already."""
    if request.client is None:
        return headers
    addresses = [value for name, value in headers if name == FORWARDED_FOR]
    rest = [header for header in headers if header[0] != FORWARDED_FOR]
    return [*rest, (FORWARDED_FOR, b", ".join([*addresses, request.client[0].encode()]))]


def without_cors(headers: Headers) -> Headers:
    """A backend's word about origins does not hold for this server (upstream: corsRemovingTransport)."""
    return [header for header in headers if header[0] not in _CORS]


def canonical(name: bytes) -> bytes:
    """As Go writes names on the wire: "X-Forwarded-For"."""
    return name.title()


def value_of(headers: Headers, name: bytes) -> str:
    """The first value, or ""."""
    return next((value.decode("latin-1") for key, value in headers if key == name), "")
