"""Annotates the audit event of a request that came before the server was ready (source:
server/filters/with_early_late_annotations.go). Behind authentication, to leave out the server's own calls.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.filters.retry_after import LOOPBACK_USER
from pilothouse.server.lifecycle import Signal

_PROBES = frozenset({"/readyz", "/healthz", "/livez"})


def with_startup_early_annotation(handler: Handler, has_been_ready: Signal) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        if has_been_ready.done or request.path in _PROBES:
            return handler(request)
        context = request.context
        if context.user.name != LOOPBACK_USER:
            local = request.client is not None and request.client[0] in ("127.0.0.1", "::1")
            context.annotate(
                "apiserver.k8s.io/startup", f"early=true self=false loopback={'true' if local else 'false'}"
            )
        return handler(request)

    return serve
