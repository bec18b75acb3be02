import asyncio
from collections.abc import Callable

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authorization.builtin import AlwaysAllow
from pilothouse.server.filters.impersonation import wanted_user, with_impersonation
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status

Build = Callable[..., Request]


async def handle(request: Request) -> Response:
    return Response(200, request.context.user.name.encode(), request.headers)


def serve(request: Request, metrics: ServerMetrics, *, allow: bool = True) -> Response:
    filtered = with_impersonation(handle, AlwaysAllow() if allow else None, render_status, metrics)

    async def run() -> Response:
        return await filtered(request)

    return asyncio.run(run())


def test_nobody_else_is_asked_for(build: Build, metrics: ServerMetrics) -> None:
    request = build(accept="x")
    assert serve(request, metrics).body == b"bob"
    assert request.context.impersonated is None


def test_the_handler_sees_whom_the_request_acts_as(build: Build, metrics: ServerMetrics) -> None:
    request = build(impersonate_user="eve", impersonate_extra_a="b", accept="x")
    response = serve(request, metrics)
    assert (response.body, response.headers) == (b"eve", [(b"accept", b"x")])
    assert request.context.user.extra == {"a": ("b",)}
    assert request.context.impersonated is not None
    lines = metrics.registry.render().decode()
    assert 'apiserver_impersonation_attempts_total{decision="allowed",mode="legacy"} 1' in lines


def test_without_an_authorizer_nobody_acts_as_somebody_else(build: Build, metrics: ServerMetrics) -> None:
    response = serve(build(impersonate_user="eve"), metrics, allow=False)
    assert response.status == 403
    assert (b"x-content-type-options", b"nosniff") in response.headers
    assert "impersonate-on:user-info:list" in orjson.loads(response.body)["message"]


def test_headers() -> None:
    assert wanted_user([]) is None
    assert wanted_user([
        (b"impersonate-user", b"eve"), (b"impersonate-user", b"second"), (b"impersonate-uid", b"u"),
        (b"impersonate-group", b"a"), (b"impersonate-group", b"b"), (b"impersonate-extra-x%2fy", b"1"),
        (b"impersonate-extra-x%2fy", b"2"), (b"impersonate-extra-bad%z", b"3"), (b"impersonate-extra-u", "ü".encode()),
    ]) == User("eve", "u", ("a", "b"), {"x/y": ("1", "2"), "bad%z": ("3",), "u": ("ü",)})


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ((b"impersonate-group", b"g"), 'UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)'),
        ((b"impersonate-uid", b"u"), 'UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'),
        ((b"impersonate-extra-k", b"v"),
         'UID:"", Groups:[]string(nil), Extra:map[string][]string{"k":[]string{"v"}}'),
    ],
)
def test_groups_without_a_user(header: tuple[bytes, bytes], shown: str) -> None:
    with pytest.raises(StatusError) as e:
        wanted_user([header])
    assert (e.value.code, e.value.message) == (
        400, f'requested &user.DefaultInfo{{Name:"", {shown}}} without impersonating a user name'
    )


def test_an_empty_user_is_none(build: Build, metrics: ServerMetrics) -> None:
    assert serve(build(impersonate_user=""), metrics).body == b"bob"
    assert serve(build(impersonate_user="", impersonate_group="g"), metrics).status == 400
