"""Reads what the URL asks for (upstream: endpoints/filters/requestinfo.go)."""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.requestinfo import RequestInfoError, resolve
from pilothouse.server.responses import internal_error


def with_request_info(handler: Handler) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        try:
            request.context.request_info = resolve(request)
        except RequestInfoError as error:
            return _fail(request, error)
        return handler(request)

    return serve


async def _fail(request: Request, error: RequestInfoError) -> Response:
    return internal_error(request, f"failed to create RequestInfo: {error}")
