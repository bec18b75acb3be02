"""Requests carried to a backend and answers back, headers and links included."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apimachinery.proxy.support import Backend, closed_port, proxied

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.proxy import headers
from pilothouse.apimachinery.proxy.backend import BackendError, Transport
from pilothouse.apimachinery.proxy.forward import forward, response_of
from pilothouse.apimachinery.proxy.handler import rewriting
from pilothouse.apimachinery.proxy.location import Location
from pilothouse.apimachinery.proxy.rewrite import Rewriter, forwarded_uri, path_prefix


def recording(answer: bytes, heads: list[bytes]) -> Backend:
    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length: 4" in head.lower():
            head += await reader.readexactly(4)
        heads.append(head)
        writer.write(answer)
        await writer.drain()

    return backend


def asked(answer: bytes, request: bytes, path: str = "/app/x") -> tuple[bytes, bytes, bytes]:
    """(what the backend got, the head of our answer, its body)."""
    heads: list[bytes] = []
    found: list[bytes] = []

    async def test(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(request)
        found.append(await reader.readuntil(b"\r\n\r\n"))
        found.append(await reader.read())

    proxied(recording(answer, heads), rewriting, test, path)
    return heads[0] if heads else b"", found[0], found[1]


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: api", "Connection: close", *lines, "", "")).encode()


def test_a_request_loses_what_concerns_its_connection_and_gains_where_it_came_from() -> None:
    got, head, body = asked(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: x\r\nX-A: b\r\nAccess-Control-Allow-Origin: *\r\n\r\nok",
        get("/p/proxy/app/x?q=1&q=%41", "Keep-Alive: 1", "X-Named: n", "Connection: X-Named", "TE: trailers, gzip",
            "X-Forwarded-For: 192.0.2.1", "X-Kept: k"),
    )
    lines = got.split(b"\r\n")
    assert lines[0] == b"GET /app/x?q=1&q=%41 HTTP/1.1"
    assert {b"X-Forwarded-For: 192.0.2.1, 127.0.0.1", b"X-Kept: k", b"Te: trailers",
            b"X-Forwarded-Uri: /p/proxy/app/x"} <= set(lines)
    assert not any(line.lower().startswith((b"keep-alive", b"x-named")) for line in lines)
    assert (head.split()[1], body) == (b"200", b"ok")
    assert b"x-a: b" in head
    assert b"access-control" not in head
    assert b"keep-alive: x" not in head


def test_bodies_go_along() -> None:
    got, _, _ = asked(
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"POST /p/proxy/app/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
    )
    assert got.startswith(b"POST /app/x HTTP/1.1")
    assert got.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(("location", "want"), [
    ("/login", "/p/proxy/login"), ("/p/proxy/there", "/p/proxy/there"), ("rel", "rel"),
    ("http://elsewhere/x", "http://elsewhere/x"),
])
def test_redirects_lead_back_here(location: str, want: str) -> None:
    _, head, _ = asked(
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode(), get("/p/proxy/app/x")
    )
    assert f"location: {want}\r\n".encode() in head


def test_pages_are_rewritten_in_every_encoding() -> None:
    page = b'<html><a href="/x">x</a><img src=/y.png><p title="/z">'
    want = b'<html><a href="/p/proxy/x">x</a><img src="/p/proxy/y.png"><p title="/z">'
    for name, pack in (("", page), ("gzip", _packed(page, 31)), ("deflate", _packed(page, -15))):
        encoding = f"Content-Encoding: {name}\r\n" if name else ""
        lines = f"Content-Type: text/html; charset=utf-8\r\n{encoding}Content-Length: {len(pack)}\r\n\r\n"
        _, _, body = asked(b"HTTP/1.1 200 OK\r\n" + lines.encode() + pack, get("/p/proxy/app/x"))
        plain = body if not name else zlib.decompress(body, 31 if name == "gzip" else -15)
        assert plain == want
    bad = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    _, head, body = asked(bad, get("/p/proxy/app/x"))
    assert head.split()[1] == b"500"
    assert body.startswith(b"error reading a page with the encoding gzip")


def _packed(data: bytes, bits: int) -> bytes:
    compressor = zlib.compressobj(wbits=bits)
    return compressor.compress(data) + compressor.flush()


def test_a_path_without_a_slash_is_redirected_to_one() -> None:
    _, head, _ = asked(b"", get("/p/proxy?q=1"), path="")
    assert head.startswith(b"HTTP/1.1 301 ")
    assert b"location: /p/proxy/?q=1\r\n" in head


@pytest.mark.parametrize(("answer", "text"), [
    (b"", b"EOF"), (b"nonsense\r\n\r\n", b"malformed HTTP response"),
    (b"HTTP/1.1 abc\r\n\r\n", b"malformed HTTP response"),
])
def test_backends_that_do_not_speak_http(answer: bytes, text: bytes) -> None:
    _, head, body = asked(answer, get("/p/proxy/app/x"))
    assert head.split()[1] == b"503"
    assert body.startswith(b"error trying to reach service: " + text)


def test_an_answer_that_breaks_off_ends_the_connection() -> None:
    _, head, body = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", get("/p/proxy/app/x"))
    assert head.split()[1] == b"200"
    assert body == b"half"


def test_nobody_there() -> None:
    async def main() -> None:
        request = Request("GET", "/")
        with pytest.raises(BackendError, match=r"dial tcp 127\.0\.0\.1:\d+: connect: connection refused"):
            await forward(request, closed_port(), Transport(connect_seconds=5), [])
        with pytest.raises(BackendError, match="unknown port"):
            await forward(request, Location("http", "127.0.0.1:" + "9" * 5000), Transport(), [])

    asyncio.run(main())


def test_statuses_without_a_body_close_the_backend() -> None:
    closed = []

    class Silent(AsyncIterator[bytes]):
        status = 304
        headers = [(b"etag", b"x")]  # noqa: RUF012

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            closed.append(True)

    response = asyncio.run(response_of(Silent()))  # type: ignore[arg-type]
    assert (response.status, response.body, closed) == (304, b"", [True])


def test_small_parts() -> None:
    rewriter = Rewriter("/p/proxy", "backend:80", "api")
    assert rewriter.url("http://backend:80/x?q#f") == "/p/proxy/x?q#f"
    assert rewriter.url("http://api/x") == "http://api/p/proxy/x"
    assert rewriter.url("//cdn/x") == "//cdn/x"
    assert path_prefix("/p/proxy/app/", Location("http", "h", "/app")) == "/p/proxy"
    assert forwarded_uri("/p/proxy", Location("http", "h", "/a b/")) == "/p/proxy/a%20b/"
    assert headers.canonical(b"x-forwarded-for") == b"X-Forwarded-For"
    upgrading = Request("GET", "/", headers=[(b"connection", b"keep-alive, Upgrade")])
    assert headers.is_upgrade(upgrading)
    assert not headers.is_upgrade(Request("GET", "/"))
