"""One place where errors become answers (upstream: server/filters/wrap.go, WithPanicRecovery).

A `StatusError` raised anywhere inside is rendered as it is. Anything else is a bug: it is logged with its
traceback and counted, and the client learns no more than that it happened. A body that cannot be read is no
bug: `transport/` answers it.
"""

import asyncio

from pilothouse.apimachinery.http import ClientGone, ErrorRenderer, Handler, Request, Response
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.apimachinery.status import REASON_INTERNAL_ERROR, StatusError
from pilothouse.observability.logging import log
from pilothouse.server.metrics import ServerMetrics

MESSAGE = "This request caused apiserver to panic. Look in the logs for details."


def with_panic_recovery(handler: Handler, render: ErrorRenderer, metrics: ServerMetrics) -> Handler:
    panics = metrics.registry.counter(
        "pilothouse_request_panics_total", "Number of requests that failed because of a bug in the server."
    ).labels()

    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except (ClientGone, asyncio.CancelledError):
            if hasattr(request.context, "request_info"):
                metrics.record_abort(request)
            raise
        except StatusError as error:
            return render(request, error)
        except Exception as bug:
            panics.value += 1
            log.exception(
                "apiserver panic'd", bug, method=request.method, URI=request_uri(request),
                auditID=request.context.audit_id,
            )
            return render(request, StatusError(500, REASON_INTERNAL_ERROR, MESSAGE, {}))

    return serve
