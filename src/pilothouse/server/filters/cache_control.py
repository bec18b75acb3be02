"""Everything is behind authorization, so nothing may be cached (upstream: endpoints/filters/cachecontrol.go)."""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response

_HEADER = (b"cache-control", b"no-cache, private")


def with_cache_control(handler: Handler) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        request.context.response_headers.append(_HEADER)
        return handler(request)

    return serve
