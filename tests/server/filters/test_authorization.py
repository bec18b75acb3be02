import asyncio
from collections.abc import Callable

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.server.filters.authorization import with_authorization
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.responses import render_status


class Fixed:
    def __init__(self, decision: Decision, reason: str = "", error: Exception | None = None) -> None:
        self.decision, self.reason, self.error = decision, reason, error

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        if self.error is not None:
            raise self.error
        return self.decision, self.reason


def serve(request: Request, authorizer: Fixed, metrics: ServerMetrics) -> Response:
    async def handle(request: Request) -> Response:
        return Response(200, b"ok")

    async def run() -> Response:
        return await with_authorization(handle, authorizer, render_status, metrics)(request)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "url", "message", "details"),
    [
        ("GET", "/api/v1/namespaces/x/configmaps",
         'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "x"',
         {"kind": "configmaps"}),
        ("GET", "/apis/apps/v1/deployments",
         'deployments.apps is forbidden: User "bob" cannot list resource "deployments" in API group "apps" at the'
         " cluster scope", {"group": "apps", "kind": "deployments"}),
        ("GET", "/api/v1/namespaces/x/services/y/proxy/z",
         'services "y" is forbidden: User "bob" cannot get resource "services/proxy" in API group "" in the namespace'
         ' "x"', {"name": "y", "kind": "services"}),
        ("FOO", "/api/v1/namespaces/x/pods",
         'pods is forbidden: User "bob" cannot  resource "pods" in API group "" in the namespace "x"',
         {"kind": "pods"}),
        ("POST", "/healthz", 'forbidden: User "bob" cannot post path "/healthz"', {}),
        ("GET", "/<b>", 'forbidden: User "bob" cannot get path "/&lt;b&gt;"', {}),
    ],
)
def test_refusals_are_worded_as_upstream(
    build: Callable[..., Request], metrics: ServerMetrics, method: str, url: str, message: str,
    details: dict[str, str],
) -> None:
    response = serve(build(method, url), Fixed(Decision.NO_OPINION), metrics)
    assert response.status == 403
    body = orjson.loads(response.body)
    assert (body["message"], body["details"], body["reason"]) == (message, details, "Forbidden")
    assert dict(response.headers)[b"x-content-type-options"] == b"nosniff"


def test_the_authorizers_reason_is_shown_and_not_escaped(
    build: Callable[..., Request], metrics: ServerMetrics
) -> None:
    response = serve(build("GET", "/x", User("a&b")), Fixed(Decision.DENY, "because <x>"), metrics)
    assert orjson.loads(response.body)["message"] == (
        'forbidden: User "a&amp;b" cannot get path "/x": because <x>'
    )


def test_what_is_learnt_is_left_in_the_context(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    request = build()
    assert serve(request, Fixed(Decision.ALLOW, "RBAC: allowed by x"), metrics).status == 200
    assert (request.context.authorization_decision, request.context.authorization_reason) == (
        "allow", "RBAC: allowed by x")
    request = build()
    serve(request, Fixed(Decision.DENY), metrics)
    assert request.context.authorization_decision == "forbid"
    text = metrics.registry.render().decode()
    assert 'authorization_attempts_total{result="allowed"} 1' in text
    assert 'authorization_attempts_total{result="denied"} 1' in text


def test_an_error_without_a_decision_is_a_plain_500(build: Callable[..., Request], metrics: ServerMetrics) -> None:
    failing = Fixed(Decision.NO_OPINION, error=AuthorizationError("webhook is down"))
    response = serve(build("GET", "/api/v1/pods?limit=1"), failing, metrics)
    assert response.status == 500
    assert response.body == b'Internal Server Error: "/api/v1/pods?limit=1": webhook is down\n'
