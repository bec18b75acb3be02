"""Tells a client that asks whether the server is shutting down (source: server/filters/with_early_late_annotations.go).

A client opts in with the request header X-Openshift-If-Disruption; nobody else sees the answer's header.
"""

import time
from collections.abc import Awaitable, Callable

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.lifecycle import Signal


def with_shutdown_response_header(
    handler: Handler,
    shutdown_initiated: Signal,
    delay: float,
    server_id: str,
    clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """`delay` is --shutdown-delay-duration in seconds."""

    def message() -> str:
        since = shutdown_initiated.signaled_at
        elapsed = clock() - since if since is not None else 0.0
        return (
            f"shutdown={'true' if shutdown_initiated.done else 'false'}"
            f" shutdown-delay-duration={duration.format(round(delay) * duration.SECOND)}"
            f" elapsed={duration.format(round(elapsed) * duration.SECOND)} host={server_id}"
        )

    def serve(request: Request) -> Awaitable[Response]:
        if request.first_headers.get(b"x-openshift-if-disruption"):
            request.context.response_headers.append((b"x-openshift-disruption", message().encode()))
        return handler(request)

    return serve
