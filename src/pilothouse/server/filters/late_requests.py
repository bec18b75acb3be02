"""Logs requests at the wrong time: before the server was ever ready, or through a connection that was opened
when a shutdown was nearly over (source: server/patch_genericapiserver.go). Neither is refused.
"""

from collections.abc import Awaitable, Container

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.observability.logging import log
from pilothouse.server.lifecycle import Signal

_PROBES = frozenset({"/readyz", "/healthz", "/livez"})


def with_late_connection_filter(handler: Handler, late: Container[tuple[str, int]] | None) -> Handler:
    """`late` holds the client addresses that the transport accepted late; None where it keeps none."""
    if late is None:
        return handler

    def serve(request: Request) -> Awaitable[Response]:
        if request.client in late and request.path not in _PROBES:
            log.warning(
                "Request through a connection created very late in the graceful termination process,"
                " possibly a sign for a broken load balancer setup",
                path=request.path, source=request.client, userAgent=request.header(b"user-agent") or "",
            )
        return handler(request)

    return serve


def with_non_ready_request_logging(handler: Handler, has_been_ready: Signal) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        if not has_been_ready.done and request.path not in _PROBES and not _is_local(request):
            log.warning(
                "Request before server is ready, possibly a sign for a broken load balancer setup",
                path=request.path, source=request.client, userAgent=request.header(b"user-agent") or "",
            )
        return handler(request)

    return serve


def _is_local(request: Request) -> bool:
    """Clients on this machine (and the server itself, which has no address) know what they are doing."""
    return request.client is None or request.client[0].startswith("127.") or request.client[0] == "::1"
