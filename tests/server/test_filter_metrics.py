"""How long filters took, as a scrape shows it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pilothouse.apimachinery.http import Context, Request, Response
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.observability.metrics import Registry
from pilothouse.server.chain import ChainConfig, build_chain
from pilothouse.server.filter_metrics import FilterMetrics
from pilothouse.server.metrics import ServerMetrics

NAME = "apiserver_request_filter_duration_seconds"


def lines(registry: Registry) -> list[str]:
    return registry.render().decode().splitlines()


def test_an_attempt_counts_once_and_is_seen_in_every_histogram() -> None:
    registry = Registry()
    metrics = FilterMetrics(registry)
    allowed, denied = metrics.authorization("allowed"), metrics.authorization("denied")
    for seconds in (0.00005, 0.0001, 0.0009, 0.0015, 40.0):
        allowed(seconds)
    denied(0.5)
    shown = lines(registry)
    for line in (
        'authorization_attempts_total{result="allowed"} 5', 'authorization_attempts_total{result="denied"} 1',
        'authorization_duration_seconds_bucket{result="allowed",le="0.001"} 3',
        'authorization_duration_seconds_bucket{result="allowed",le="0.002"} 4',
        'authorization_duration_seconds_count{result="allowed"} 5',
        'authorization_duration_seconds_count{result="denied"} 1',
        f'{NAME}_bucket{{filter="authorization",le="0.0001"}} 2',
        f'{NAME}_bucket{{filter="authorization",le="0.001"}} 3',
        f'{NAME}_bucket{{filter="authorization",le="0.003"}} 4',
        f'{NAME}_bucket{{filter="authorization",le="30"}} 4',
        f'{NAME}_count{{filter="authorization"}} 5', f'{NAME}_sum{{filter="authorization"}} 40.00255',
    ):
        assert line in shown, line
    assert lines(registry) == shown
    registry.reset()
    assert 'authorization_attempts_total{result="allowed"} 0' in lines(registry)
    allowed(1.0)
    assert f'{NAME}_sum{{filter="authorization"}} 1' in lines(registry)


def test_a_filter_is_measured_from_the_end_of_the_one_before() -> None:
    registry, now = Registry(), [10.0]
    metrics = FilterMetrics(registry, lambda: now[0])
    metrics.audits = True
    context = Context()
    context.filtered_at = 9.5
    metrics.done(metrics.time("audit"), context)
    now[0] = 10.00005
    metrics.done(metrics.time("audit"), context)
    assert context.filtered_at == now[0]
    shown = lines(registry)
    assert f'{NAME}_bucket{{filter="audit",le="0.0001"}} 1' in shown
    assert f'{NAME}_bucket{{filter="audit",le="0.3"}} 1' in shown
    assert f'{NAME}_bucket{{filter="audit",le="1"}} 2' in shown


class Anybody:
    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        return AuthenticatorResponse(User("bob")) if request.header(b"authorization") else None


class Impersonators:
    """Bob may act as anybody but root; nobody may write."""

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        allowed = attributes.name != "root" if attributes.verb == "impersonate" else attributes.verb == "get"
        return (Decision.ALLOW if allowed else Decision.NO_OPINION), ""


@pytest.fixture
def served() -> Registry:
    """After two reads, a write, somebody unknown and two who act as somebody else, one of whom may not."""

    async def handle(request: Request) -> Response:
        return Response(200)

    async def run() -> Registry:
        registry = Registry()
        handler: Callable[[Request], Awaitable[Response]] = build_chain(handle, ChainConfig(
            authenticator=Anybody(), authorizer=Impersonators(), constrained_impersonation=False,
            metrics=ServerMetrics(registry),
        ))
        bob, url = (b"authorization", b"Bearer b"), "/api/v1/namespaces/ns/pods/p"
        codes = [
            (await handler(Request(method, url, headers=headers))).status for method, headers in (
                ("GET", [bob]), ("GET", [bob]), ("DELETE", [bob]), ("GET", []),
                ("GET", [bob, (b"impersonate-user", b"alice")]), ("GET", [bob, (b"impersonate-user", b"root")]),
            )
        ]
        assert codes == [200, 200, 403, 401, 200, 403]
        return registry

    return asyncio.run(run())


def test_requests_count_for_the_filters_that_they_have_passed(served: Registry) -> None:
    counts = {
        line.split('"')[1]: int(line.split()[1]) for line in lines(served) if line.startswith(f"{NAME}_count")
    }
    assert counts == {"authentication": 6, "audit": 5, "impersonation": 4, "authorization": 3}
