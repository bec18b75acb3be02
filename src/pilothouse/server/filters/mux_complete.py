"""Marks requests that come before every path is installed (upstream: endpoints/filters/mux_discovery_complete.go).

Controllers delete things on 404, so an unknown path answers 503 until the server knows all of its paths.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.lifecycle import Signal


def with_mux_and_discovery_complete(handler: Handler, complete: Signal) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        if not complete.done:
            request.context.mux_incomplete = True
        return handler(request)

    return serve
