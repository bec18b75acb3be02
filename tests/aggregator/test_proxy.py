"""Requests through the proxy to an extension server that behaves, or does not."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from tests.aggregator.harness import API_SERVICES, NAME, ROOT, Extension, Plane, run
from tests.spans import traced

FLUNDERS = f"{ROOT}/namespaces/default/flunders"


async def available(plane: Plane, extension: Extension, **spec: Any) -> None:
    await plane.make_service(extension.port)
    await plane.client.create(*API_SERVICES, extension.api_service(**spec))
    await plane.condition("Passed")


def test_the_request_and_its_user_reach_the_server_and_its_answer_comes_back(tmp_path: Path) -> None:
    bodies = []

    async def create(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        headers = {"X-Mine": "1", "Access-Control-Allow-Origin": "*", "Warning": '299 - "old"'}
        return web.json_response({"kind": "Flunder"}, status=201, headers=headers)

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = create
        response = await plane.call(FLUNDERS, "POST", query="b=2&a=1%2F", body=b'{"x":1}', headers=[
            (b"host", b"kubernetes.default"), (b"x-remote-user", b"mallory"), (b"x-remote-group", b"system:masters"),
            (b"x-remote-extra-scopes", b"all"), (b"authorization", b"Bearer secret"), (b"connection", b"x-hop"),
            (b"x-hop", b"1"), (b"content-type", b"application/json"), (b"audit-id", b"abc"),
        ])
        assert (response.status, response.body) == (201, b'{"kind": "Flunder"}')
        headers = dict(response.headers)
        assert headers[b"x-mine"] == b"1"
        assert b"access-control-allow-origin" not in headers
        (asked,) = extension.asked_for(FLUNDERS)
        assert (asked.method, asked.raw_path, bodies) == ("POST", f"{FLUNDERS}?a=1%2F&b=2", [b'{"x":1}'])
        assert asked.headers.getall("X-Remote-User") == ["alice"]
        assert asked.headers.getall("X-Remote-Uid") == ["u1"]
        assert asked.headers.getall("X-Remote-Group") == ["dev", "system:masters", "system:authenticated"]
        assert asked.headers.getall("X-Remote-Extra-Acme.Com%2Fx") == ["1", "2"]
        for gone in ("Authorization", "X-Hop", "X-Remote-Extra-Scopes"):
            assert gone not in asked.headers
        assert asked.headers["Audit-Id"] == "abc"
        assert asked.headers["X-Forwarded-For"] == "192.0.2.9"
        assert asked.headers["Host"] == f"localhost:{extension.port}"

    run(test, tmp_path)


def test_the_server_is_told_of_the_trace_and_of_no_other(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)

        async def get(request: web.Request) -> web.StreamResponse:
            return web.json_response({})

        extension.answers[FLUNDERS] = get
        given = [(b"traceparent", b"mine"), (b"x-mine", b"1")]
        await plane.call(FLUNDERS, headers=given)
        with traced() as tracer:
            response = await plane.call(FLUNDERS, headers=given)
            assert isinstance(response, Response)
        before, after = extension.asked_for(FLUNDERS)
        assert before.headers.getall("traceparent") == ["mine"]
        assert after.headers.getall("traceparent") == ["00-1-2-01"]
        assert after.headers["x-mine"] == "1"
        (call,) = tracer.calls
        assert call.told == ["GET", f"https://localhost:{extension.port}{FLUNDERS}", 200, None]
        async def hang_up(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        extension.answers[FLUNDERS] = hang_up
        with traced() as tracer:
            assert (await plane.call(FLUNDERS)).status == 503
        assert tracer.calls[0].told[2:] == ["BackendError"]

    run(test, tmp_path)


def test_what_a_user_may_do_is_decided_before_anything_is_proxied(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        response = await plane.call(FLUNDERS, user=User("bob", groups=("system:authenticated",)))
        assert response.status == 403
        assert extension.asked_for(FLUNDERS) == []

    run(test, tmp_path)


def test_a_stream_is_passed_on_as_it_comes(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def watch(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"n":1}\n')
        await more.wait()
        await response.write(b'{"n":2}\n')
        await asyncio.Event().wait()
        return response

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = watch
        request = Request("GET", FLUNDERS, "watch=true")
        response = await plane.as_user()(request)
        assert isinstance(response, StreamResponse)
        assert await anext(response.stream) == b'{"n":1}\n'
        more.set()
        assert await anext(response.stream) == b'{"n":2}\n'
        waiting = asyncio.ensure_future(anext(response.stream, b"the end"))
        await asyncio.sleep(0)
        # as a shutdown does
        assert request.context.end_stream is not None
        request.context.end_stream()
        assert await waiting == b"the end"
        await response.stream.aclose()  # type: ignore[attr-defined]

    run(test, tmp_path)


def test_redirects_are_not_followed_and_not_passed_on(tmp_path: Path) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "https://169.254.169.254/"})

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = away
        response = await plane.call(FLUNDERS)
        assert (response.status, response.body) == (
            502, b"the backend attempted to redirect this request, which is not permitted"
        )
        assert b"location" not in dict(response.headers)

    run(test, tmp_path)


def test_redirects_may_be_allowed(tmp_path: Path) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = away
        response = await plane.call(FLUNDERS)
        assert (response.status, dict(response.headers)[b"location"]) == (302, b"/elsewhere")

    run(test, tmp_path, "--aggregator-reject-forwarding-redirect=false")


def test_an_answer_that_breaks_off_breaks_off(tmp_path: Path) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = broken
        with pytest.raises(ConnectionError):
            await plane.call(FLUNDERS)
        extension.answers[FLUNDERS] = extension.resources
        assert (await plane.call(FLUNDERS)).status == 200

    run(test, tmp_path)


def test_a_connection_that_is_closed_at_once_is_503(tmp_path: Path) -> None:
    async def closed(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = closed
        response = await plane.call(FLUNDERS, "POST", body=b"{}")
        assert (response.status, response.body) == (503, b"error trying to reach service: EOF\n")

    run(test, tmp_path)


def test_slow_discovery_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[ROOT] = never
        monkeypatch.setattr("pilothouse.aggregator.proxy_handler._DISCOVERY_SECONDS", 0.05)
        response = await plane.call(ROOT)
        assert (response.status, response.body) == (
            503, b"error trying to reach service: context deadline exceeded\n"
        )

    run(test, tmp_path)


def test_a_server_that_is_not_available_is_not_asked(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.client.create(*API_SERVICES, extension.api_service())
        await plane.condition("ServiceNotFound")
        for path in (FLUNDERS, ROOT, f"{ROOT}/"):
            response = await plane.call(path)
            assert (response.status, response.body) == (503, b"service unavailable\n")
        assert extension.asked == []

    run(test, tmp_path)


def test_removal_and_change_to_a_local_one(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        assert (await plane.call(ROOT)).status == 200
        await plane.client.delete(*API_SERVICES, NAME)
        assert (await plane.call(ROOT)).status == 404
        assert (await plane.call(FLUNDERS)).body == b"404 page not found\n"

    run(test, tmp_path)


def test_nobody_takes_over_the_aggregators_own_group(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await plane.make_service(extension.port)
        obj = extension.api_service(group="apiregistration.k8s.io")
        await plane.client.create(*API_SERVICES, {**obj, "metadata": {"name": "v1.apiregistration.k8s.io"}})
        assert (await plane.client.list(*API_SERVICES))["kind"] == "APIServiceList"

    run(test, tmp_path)


@pytest.mark.parametrize("user", [
    User("alice\r\nX-Remote-Group: system:masters", groups=("system:masters",)),
    User("a", groups=("system:masters", "\n")),
    User("a", "\0", ("system:masters",)), User("a", groups=("system:masters",), extra={"k\n": ("v\r\n",)}),
])
@pytest.mark.parametrize("upgrade", [True, False])
def test_no_user_can_write_headers(tmp_path: Path, user: User, upgrade: bool) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        headers = [(b"connection", b"upgrade"), (b"upgrade", b"websocket")] if upgrade else []
        response = await plane.call(FLUNDERS, headers=headers, user=user)
        assert response.status == 503
        assert b"net/http: invalid header field value for" in response.body
        assert extension.asked_for(FLUNDERS) == []

    run(test, tmp_path)


def test_an_upgrade_cannot_have_a_body_or_name_headers_to_drop(tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=418, text="no")

    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        extension.answers[FLUNDERS] = refuse
        headers = [(b"connection", b"Upgrade, X-Remote-User"), (b"upgrade", b"websocket"), (b"x-remote-user", b"root")]
        response = await plane.call(FLUNDERS, "POST", headers=headers, body=b"GET / HTTP/1.1")
        assert response.status == 400
        response = await plane.call(FLUNDERS, headers=headers)
        assert (response.status, response.body) == (418, b"no")
        (asked,) = extension.asked_for(FLUNDERS)
        assert asked.headers["Connection"] == "Upgrade"
        assert asked.headers.getall("X-Remote-User") == ["alice"]

    run(test, tmp_path)


def test_a_renewed_client_certificate_is_read_again(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        await available(plane, extension)
        transport = plane.backend().transport
        before = transport.tls()
        assert transport.tls() is before
        pair = tmp_path / "pki" / "front-proxy-client.crt"
        pair.write_bytes(pair.read_bytes())
        os.utime(pair, ns=(1, 1))
        assert transport.tls() is not before
        assert (await plane.call(ROOT)).status == 200

    run(test, tmp_path)
