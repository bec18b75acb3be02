import asyncio
import re

from pilothouse.apimachinery.http import Headers, Request, Response
from pilothouse.server.filters.audit_init import with_audit_init


def serve(request: Request, own: Headers) -> Response:
    async def handle(request: Request) -> Response:
        request.context.response_headers.append((b"cache-control", b"no-cache, private"))
        return Response(200, b"", own)

    async def run() -> Response:
        return await with_audit_init(handle, lambda: "made")(request)

    return asyncio.run(run())


def test_the_clients_id_is_kept_and_echoed() -> None:
    request = Request("GET", "/", headers=[(b"audit-id", b"mine")])
    response = serve(request, [])
    assert request.context.audit_id == "mine"
    assert response.headers[0] == (b"audit-id", b"mine")


def test_an_empty_id_counts_as_none() -> None:
    response = serve(Request("GET", "/", headers=[(b"audit-id", b"")]), [])
    assert response.headers[0] == (b"audit-id", b"made")


def test_headers_of_the_answer_win() -> None:
    response = serve(Request("GET", "/"), [(b"content-type", b"x"), (b"cache-control", b"public")])
    assert response.headers == [(b"audit-id", b"made"), (b"content-type", b"x"), (b"cache-control", b"public")]
    response = serve(Request("GET", "/"), [(b"cache-control", b"public")])
    assert response.headers == [(b"audit-id", b"made"), (b"cache-control", b"public")]


def test_default_source_is_used() -> None:
    async def handle(request: Request) -> Response:
        return Response()

    async def run() -> Response:
        return await with_audit_init(handle)(Request("GET", "/"))

    assert re.fullmatch(rb"[0-9a-f-]{36}", asyncio.run(run()).headers[0][1])
