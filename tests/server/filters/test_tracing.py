"""Which span a request becomes; the spans themselves are tested end to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.apimachinery.user import User
from pilothouse.observability.tracing import Attributes
from pilothouse.server.filters.tracing import span_name, with_tracing


class Recorded:
    """A tracer and its only span."""

    def __init__(self) -> None:
        self.told: Mapping[str, str] = {}
        self.trusted = False
        self.attributes: dict[str, Any] = {}
        self.ended: list[bool] = []

    def span(self, name: str, attributes: Attributes | None) -> AbstractContextManager[Any]:
        raise NotImplementedError

    def request(
        self, name: str, headers: Mapping[str, str], trusted: bool, began_ns: int, attributes: Attributes
    ) -> "Recorded":
        self.told, self.trusted = headers, trusted
        return self

    def set(self, attributes: Attributes) -> None:
        self.attributes.update(attributes)

    def current(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def end(self, failed: bool) -> None:
        self.ended.append(failed)


@pytest.mark.parametrize(("url", "name"), [
    ("/version", "GET"),
    ("/api/v1/pods", "GET /api/v1/pods"),
    ("/api/v1/namespaces/a/pods/b/log", "GET /api/v1/namespaces/{:namespace}/pods/{:name}/log"),
    ("/apis/apps/v1/namespaces/a/deployments", "GET /apis/apps/v1/namespaces/{:namespace}/deployments"),
])
def test_names_leave_names_out(url: str, name: str) -> None:
    assert span_name("GET", resolve(Request("GET", url))) == name


def test_without_a_tracer_there_is_no_filter(ok: Handler) -> None:
    assert with_tracing(ok, None) is ok


def test_a_stream_lasts_until_its_end(build: Callable[..., Request]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"1"

    async def streams(_: Request) -> Response:
        return StreamResponse(chunks(), 200)

    async def main() -> None:
        response = await with_tracing(streams, tracer)(build("GET", "/api/v1/pods"))
        assert isinstance(response, StreamResponse)
        assert tracer.ended == []
        assert [chunk async for chunk in response.stream] == [b"1"]

    tracer = Recorded()
    asyncio.run(main())
    assert tracer.ended == [False]
    assert tracer.attributes == {"http.response.status_code": 200}


def test_only_privileged_clients_are_followed(build: Callable[..., Request], ok: Handler) -> None:
    for groups, trusted in ((("system:masters",), True), (("system:monitoring",), True), (("devs",), False)):
        tracer = Recorded()
        request = build("GET", "/version", User("u", groups=groups), traceparent="00-a-b-01", authorization="secret")
        asyncio.run(_serve(with_tracing(ok, tracer), request))
        assert tracer.trusted is trusted
        assert tracer.told == {"traceparent": "00-a-b-01"}


def test_a_failure_ends_the_span(build: Callable[..., Request]) -> None:
    async def fails(_: Request) -> Response:
        raise RuntimeError("bug")

    tracer = Recorded()
    with pytest.raises(RuntimeError):
        asyncio.run(_serve(with_tracing(fails, tracer), build()))
    assert tracer.ended == [True]


async def _serve(handler: Handler, request: Request) -> Response:
    return await handler(request)
