"""Strict-Transport-Security (upstream: server/filters/hsts.go)."""

from collections.abc import Awaitable, Sequence

from pilothouse.apimachinery.http import Handler, Request, Response


def with_hsts(handler: Handler, directives: Sequence[str]) -> Handler:
    if not directives:
        return handler
    header = (b"strict-transport-security", "; ".join(directives).encode())

    def serve(request: Request) -> Awaitable[Response]:
        request.context.response_headers.append(header)
        return handler(request)

    return serve
