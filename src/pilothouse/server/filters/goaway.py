"""Now and then asks an HTTP/2 client to connect again, so that clients spread over all servers behind a load balancer
(upstream: server/filters/goaway.go). Requests that are open on the connection go on.
"""

import random
from collections.abc import Awaitable, Callable

from pilothouse.apimachinery.http import Handler, Request, Response

HTTP2 = "HTTP/2.0"
"""`Request.protocol` of an HTTP/2 connection's requests."""
GOAWAY = (b"connection", b"close")
"""What the transport tells an HTTP/2 client as GOAWAY; the connection ends with its last open request."""


def with_probabilistic_goaway(
    handler: Handler, chance: float, next_random: Callable[[], float] = random.random
) -> Handler:
    """`chance` is --goaway-chance, 0 to 0.02."""
    if not chance:
        return handler

    def serve(request: Request) -> Awaitable[Response]:
        if request.protocol == HTTP2 and next_random() < chance:
            request.context.response_headers.append(GOAWAY)
        return handler(request)

    return serve
