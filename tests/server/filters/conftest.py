"""Small parts that the tests of single filters share."""

import asyncio
from collections.abc import Callable

import pytest

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.user import User
from pilothouse.observability.metrics import Registry
from pilothouse.server.metrics import ServerMetrics

Call = Callable[..., Response]


@pytest.fixture
def metrics() -> ServerMetrics:
    return ServerMetrics(Registry())


@pytest.fixture
def build() -> Callable[..., Request]:
    """`build(method, url, **headers)`: a request as the filters before would leave it (user bob)."""

    def make(method: str = "GET", url: str = "/api/v1/pods", user: User | None = None, **headers: str) -> Request:
        path, _, query = url.partition("?")
        pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        request = Request(method, path, query, pairs, client=("192.0.2.7", 4711))
        request.context.request_info = resolve(request)
        request.context.user = user or User("bob")
        return request

    return make


@pytest.fixture
def call(build: Callable[..., Request]) -> Call:
    """`call(handler, method, url, **headers)`: build a request and serve it."""

    def run(handler: Handler, *args: str, **headers: str) -> Response:
        async def serve() -> Response:
            return await handler(build(*args, **headers))

        return asyncio.run(serve())

    return run


@pytest.fixture
def ok() -> Handler:
    async def serve(request: Request) -> Response:
        return Response(200, b"ok")

    return serve
