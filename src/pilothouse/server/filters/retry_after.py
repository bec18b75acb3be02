"""Asking clients to come back later (upstream: server/filters/with_retry_after.go; source: patch_optin_retry.go,
with_not_ready_patch.go).

429 while shutting down or while a client that opted in would find a server that is not ready; 503 for
everybody while a server that has been told so is not ready.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.lifecycle import Signal
from pilothouse.server.responses import text_error

#: Probes and scrapes are served to the end.
EXEMPT_PATHS = ("/readyz", "/livez", "/healthz", "/metrics")
LOOPBACK_USER = "system:apiserver"
_SHUTTING_DOWN = "The apiserver is shutting down, please try again later."
_NOT_READY = "The apiserver hasn't been fully initialized yet, please try again later."
_RETRY_AFTER = (b"retry-after", b"5")


def is_exempt(request: Request) -> bool:
    """Probes, scrapes and the server's own calls; must be the same set wherever a request may be refused."""
    return (request.header(b"user-agent") or "").startswith("kube-apiserver/") or request.path.startswith(EXEMPT_PATHS)


async def _reject(code: int, message: str, *headers: tuple[bytes, bytes]) -> Response:
    return text_error(code, message, [_RETRY_AFTER, *headers])


def with_retry_after(handler: Handler, not_accepting: Signal) -> Handler:
    """429 for every new request once the server accepts none; the connection is closed."""

    def serve(request: Request) -> Awaitable[Response]:
        if not_accepting.done and not is_exempt(request):
            return _reject(429, _SHUTTING_DOWN, (b"connection", b"close"))
        return handler(request)

    return serve


def with_opt_in_retry_after(handler: Handler, has_been_ready: Signal) -> Handler:
    """429 for a client that rather comes back than be served by a server that is not ready."""

    def serve(request: Request) -> Awaitable[Response]:
        if not has_been_ready.done and request.header(b"x-openshift-internal-if-not-ready") == "reject":
            return _reject(429, _NOT_READY)
        return handler(request)

    return serve


def with_not_ready(handler: Handler, has_been_ready: Signal) -> Handler:
    """503 until the server has been ready once; the server's own user and probes pass, with a warning."""

    def serve(request: Request) -> Awaitable[Response]:
        if has_been_ready.done:
            return handler(request)
        if request.context.user.name == LOOPBACK_USER or request.path.startswith(EXEMPT_PATHS):
            request.context.warn("The apiserver was still initializing, while this request was being served")
            return handler(request)
        return _reject(503, _NOT_READY)

    return serve
