import asyncio
from collections.abc import Callable

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.server.filters.authentication import with_authentication
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status


class Fixed:
    def __init__(self, answer: AuthenticatorResponse | Exception | None) -> None:
        self.answer = answer

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def serve(
    request: Request, answer: AuthenticatorResponse | Exception | None, metrics: ServerMetrics, **options: object
) -> Response:
    async def handle(request: Request) -> Response:
        return Response(200, request.context.user.name.encode())

    async def run() -> Response:
        chain = with_authentication(handle, Fixed(answer), render_status, metrics, **options)  # type: ignore[arg-type]
        return await chain(request)

    return asyncio.run(run())


def test_none_switches_authentication_off(metrics: ServerMetrics) -> None:
    async def handle(request: Request) -> Response:
        return Response()

    assert with_authentication(handle, None, render_status, metrics) is handle


def test_the_user_is_left_and_credentials_are_removed(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    request = build(
        authorization="Bearer x", x_remote_user="eve", x_remote_group="system:masters", x_remote_uid="1",
        x_remote_extra_scopes="all", accept="text/plain", x_my_user="eve", x_my_extra_a="b",
    )
    response = serve(
        request, AuthenticatorResponse(User("alice@example.com")), metrics,
        front_proxy_headers=["X-My-User"], front_proxy_extra_prefixes=["X-My-Extra-"],
    )
    assert response.body == b"alice@example.com"
    assert request.headers == [(b"accept", b"text/plain")]
    text = metrics.registry.render().decode()
    assert 'authentication_attempts{result="success"} 1' in text
    assert 'authenticated_user_requests{username="email_id"} 1' in text


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (None, "failure"),
        (AuthenticationError("invalid bearer token"), "error"),
        (AuthenticatorResponse(User("bob"), ("other",)), "error"),
    ],
)
def test_everything_else_is_unauthorized(
    build: Callable[..., Request], metrics: ServerMetrics, answer: AuthenticatorResponse | Exception | None, result: str
) -> None:
    response = serve(build(), answer, metrics, api_audiences=["https://kubernetes.default.svc"])
    assert response.status == 401
    assert orjson.loads(response.body) == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401,
    }
    assert f'authentication_attempts{{result="{result}"}} 1' in metrics.registry.render().decode()


def test_a_matching_audience_is_enough(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    answer = AuthenticatorResponse(User("bob"), ("other", "api"))
    assert serve(build(), answer, metrics, api_audiences=["api"]).status == 200


@pytest.mark.parametrize(("protocol", "mitigate", "answer", "closes"), [
    ("HTTP/2.0", True, None, True),
    ("HTTP/2.0", True, AuthenticationError("invalid bearer token"), True),
    ("HTTP/2.0", True, AuthenticatorResponse(User("system:anonymous")), True),
    ("HTTP/2.0", True, AuthenticatorResponse(User("x", groups=("system:unauthenticated",))), True),
    ("HTTP/2.0", True, AuthenticatorResponse(User("bob")), False),
    ("HTTP/2.0", False, None, False),
    ("HTTP/2.0", False, AuthenticatorResponse(User("system:anonymous")), False),
    ("HTTP/1.1", True, None, False),
    ("HTTP/1.1", True, AuthenticatorResponse(User("system:anonymous")), False),
])
def test_http2_connections_end_with_requests_of_unknown_clients(
    build: Callable[..., Request], metrics: ServerMetrics, protocol: str, mitigate: bool,
    answer: AuthenticatorResponse | Exception | None, closes: bool,
) -> None:
    request = build()
    request.protocol = protocol
    serve(request, answer, metrics, mitigate_http2=mitigate)
    assert request.context.response_headers == ([(b"connection", b"close")] if closes else [])
