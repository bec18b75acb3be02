"""Counts running requests, so that a shutdown waits for them (upstream: server/filters/waitgroup.go).

A long list that is sent piece by piece counts until its last piece, a request whose connection is upgraded until then:
upgraded connections have no end of their own (kube-apiserver waits for those that its aggregator carries, as long as
for any request).
"""

from collections.abc import Awaitable

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.server.filters.retry_after import is_exempt
from pilothouse.server.responses import JSON_TYPE, NOSNIFF
from pilothouse.server.streams import on_end
from pilothouse.server.waitgroup import WaitGroup

_BODY = orjson.dumps(status.service_unavailable("apiserver is shutting down").status()) + b"\n\n"


async def reject_shutting_down() -> Response:
    """503; another server will most likely answer, so the client should try again at once."""
    return Response(503, _BODY, [(b"retry-after", b"1"), JSON_TYPE, NOSNIFF])


def with_wait_group(handler: Handler, group: WaitGroup) -> Handler:
    async def serve_upgrade(request: Request) -> Response:
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                group.done()

        request.upgrade.on_taken = end
        try:
            response = await handler(request)
        except BaseException:
            end()
            raise
        on_end(response, end)
        return response

    async def serve_counted(request: Request) -> Response:
        try:
            response = await handler(request)
        except BaseException:
            group.done()
            raise
        if isinstance(response, StreamResponse):
            on_end(response, group.done)
        else:
            group.done()
        return response

    def serve(request: Request) -> Awaitable[Response]:
        if request.context.request_info.long_running:
            return handler(request)
        if group.add():
            return serve_counted(request) if request.upgrade is None else serve_upgrade(request)
        if is_exempt(request):
            return handler(request)
        return reject_shutting_down()

    return serve
