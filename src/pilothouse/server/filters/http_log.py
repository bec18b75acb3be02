"""One log line for each request at -v=3 and above (upstream: server/httplog).

Off, it costs one comparison. A watch is logged when it ends.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.requestinfo import request_uri
from pilothouse.observability.logging import Logger, log
from pilothouse.server.metrics import reported_verb
from pilothouse.server.streams import on_end

LEVEL = 3


def with_http_logging(
    handler: Handler, logger: Logger = log, clock: Callable[[], float] = time.monotonic
) -> Handler:
    async def serve_logged(request: Request) -> Response:
        user_agent = request.header(b"user-agent") or ""
        response = await handler(request)

        def write() -> None:
            client = request.client
            values: dict[str, Any] = {
                "verb": reported_verb(request),
                "URI": request_uri(request),
                "latency": f"{(clock() - request.context.received_at) * 1000:.6g}ms",
                "userAgent": user_agent,
                "audit-ID": request.context.audit_id[:64],
                "srcIP": f"{client[0]}:{client[1]}" if client else "",
                "resp": response.status,
            }
            logger.info("HTTP", level=LEVEL, **values)

        on_end(response, write)
        return response

    def serve(request: Request) -> Awaitable[Response]:
        if logger.verbosity < LEVEL:
            return handler(request)
        return serve_logged(request)

    return serve
