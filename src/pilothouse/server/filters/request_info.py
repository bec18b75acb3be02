"""Reads what the URL asks for (upstream: endpoints/filters/requestinfo.go)."""

from collections.abc import Awaitable

from pilothouse.apimachinery.aside import LIGHT_BYTES, aside
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.requestinfo import RequestInfoError, resolve
from pilothouse.server.responses import internal_error


def with_request_info(handler: Handler) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        if len(request.raw_query) > LIGHT_BYTES:
            return _long(handler, request)
        try:
            request.context.request_info = resolve(request)
        except RequestInfoError as error:
            return _fail(request, error)
        return handler(request)

    return serve


async def _long(handler: Handler, request: Request) -> Response:
    """A query of thousands of terms is read aside."""
    try:
        request.context.request_info = await aside(resolve, request)
    except RequestInfoError as error:
        return await _fail(request, error)
    return await handler(request)


async def _fail(request: Request, error: RequestInfoError) -> Response:
    return internal_error(request, f"failed to create RequestInfo: {error}")
