"""Bytes to answers, and errors."""

import asyncio

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Request, StreamResponse
from pilothouse.endpoints.negotiation import JSON, PLAIN_JSON, YAML, Accepted
from pilothouse.endpoints.response import dumps, reformat, render_error, wants_gzip, write_items
from tests.endpoints.support import whole

POD = GroupResource("", "pods")


def request(query: str = "", **headers: str) -> Request:
    return Request("GET", "/", query, [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()])


def test_go_escapes_what_html_minds() -> None:
    assert dumps({"a": "<&>\u2028"}) == b'{"a":"\\u003c\\u0026\\u003e\\u2028"}'
    assert reformat(b'{"a":"\\u003c","b":[],"c":{}}', JSON) == (
        b'{\n  "a": "\\u003c",\n  "b": [],\n  "c": {}\n}'
    )
    assert reformat(b'{"b":1,"a":"x"}', YAML) == b"a: x\nb: 1\n"


def test_lists_are_streamed_in_pieces() -> None:
    async def main() -> None:
        items = [b'"%d%s"' % (i, b"x" * 1000) for i in range(3000)]
        response = await write_items(request(), PLAIN_JSON, 200, b"[", items, b"]")
        assert isinstance(response, StreamResponse)
        assert orjson.loads(await whole(response)) == [orjson.loads(i) for i in items]
        small = await write_items(request(), PLAIN_JSON, 200, b"[", items[:2], b"]")
        assert small.body == b"[" + b",".join(items[:2]) + b"]\n"
        pretty = await write_items(request(), Accepted(JSON, pretty=True), 200, b"[", items, b"]")
        body = await whole(pretty)
        assert body.startswith(b'[\n  "0xxx') and body.endswith(b"]")

    asyncio.run(main())


def test_gzip_is_asked_for_by_name() -> None:
    assert wants_gzip(request(accept_encoding="deflate, gzip"))
    assert not wants_gzip(request(accept_encoding="deflate, gzip;q=0"))
    assert not wants_gzip(request())


def test_errors_in_the_clients_media_type() -> None:
    error = status.not_found(POD, "p")
    plain = render_error(request(accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json"), error)
    assert (plain.status, plain.headers) == (404, [(b"content-type", b"application/json")])
    assert plain.body.endswith(b'"code":404}\n')
    yaml = render_error(request(accept="application/yaml"), error)
    assert yaml.body.startswith(b"apiVersion: v1\ncode: 404\n")
    assert b'\n  "status": "Failure",\n' in render_error(request(user_agent="curl/8"), error).body
    refused = render_error(request(accept="text/plain"), error)
    assert refused.headers == [(b"content-type", b"application/json")]
    assert refused.body.startswith(b'{\n  "kind": "Status",')


def test_errors_say_when_to_come_back() -> None:
    response = render_error(request(), status.too_many_requests("later", 7))
    assert (b"retry-after", b"7") in response.headers
