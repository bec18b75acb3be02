"""Notes when a request came (upstream: endpoints/filters/request_received_time.go)."""

import time
from collections.abc import Awaitable, Callable

from pilothouse.apimachinery.http import Handler, Request, Response


def with_received_timestamp(handler: Handler, clock: Callable[[], float] = time.monotonic) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        request.context.received_at = clock()
        return handler(request)

    return serve
