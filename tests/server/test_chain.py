"""The order of the filters, and the chain as a whole."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import pytest

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.observability.metrics import Registry
from pilothouse.server.chain import FILTERS, ChainConfig, build_chain
from pilothouse.server.metrics import ServerMetrics

# k8s.io/apiserver v1.36 pkg/server/config.go, DefaultBuildHandlerChain, read from the outside in
UPSTREAM_ORDER = [
    "AuditInit", "PanicRecovery", "MuxAndDiscoveryComplete", "RequestReceivedTimestamp", "RequestInfo",
    "LatencyTrackers", "HTTPLogging", "ShutdownResponseHeader", "OptInRetryAfter", "RetryAfter", "HSTS",
    "CacheControl", "ProbabilisticGoaway", "WatchTerminationDuringShutdown", "LateConnection",
    "NonReadyRequestLogging", "WaitGroup", "RequestDeadline", "TimeoutForNonLongRunningRequests",
    "WarningRecorder", "CORS", "Authentication", "Tracing", "StartupEarlyAnnotation", "Audit", "Impersonation",
    "NotReady", "PriorityAndFairness", "Authorization", "Director",
]
OFF_BY_DEFAULT = {
    "LatencyTrackers", "RetryAfter", "HSTS", "ProbabilisticGoaway", "LateConnection", "CORS", "Authentication",
    "Tracing", "Audit", "NotReady", "Authorization", "Director",
}


class Bob:
    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        return AuthenticatorResponse(User("bob"))


class Only:
    """Allows one verb."""

    def __init__(self, verb: str) -> None:
        self.verb = verb

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return (Decision.ALLOW, "") if attributes.verb == self.verb else (Decision.NO_OPINION, "")


def config() -> ChainConfig:
    return ChainConfig(authenticator=Bob(), authorizer=Only("get"), metrics=ServerMetrics(Registry()))


def serve(handler: Handler, method: str = "GET", path: str = "/api/v1/namespaces/a/configmaps/b") -> Response:
    async def run() -> Response:
        return await build_chain(handler, config())(Request(method, path))

    return asyncio.run(run())


def raising(error: Exception) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        raise error

    return handle


async def ok(request: Request) -> Response:
    return Response(200, b"{}", [(b"content-type", b"application/json")])


def test_order_is_upstreams() -> None:
    assert [place.name for place in FILTERS] == UPSTREAM_ORDER
    assert all(place.why for place in FILTERS)


@pytest.mark.parametrize("place", FILTERS, ids=lambda place: place.name)
def test_a_filter_that_is_off_is_the_handler_itself(place: object) -> None:
    default = ChainConfig(metrics=ServerMetrics(Registry()))
    built = place.build(ok, default)  # type: ignore[attr-defined]
    assert (built is ok) == (place.name in OFF_BY_DEFAULT)  # type: ignore[attr-defined]


def test_an_answer_gets_the_chains_headers() -> None:
    response = serve(ok)
    headers = dict(response.headers)
    assert response.status == 200
    assert list(headers) == [b"audit-id", b"cache-control", b"content-type"]
    assert headers[b"cache-control"] == b"no-cache, private"


def test_a_refusal_gets_them_too() -> None:
    response = serve(ok, "DELETE")
    headers = dict(response.headers)
    assert response.status == 403
    assert headers[b"cache-control"] == b"no-cache, private"
    assert orjson.loads(response.body)["message"] == (
        'configmaps "b" is forbidden: User "bob" cannot delete resource "configmaps" in API group "" '
        'in the namespace "a"'
    )


def test_a_status_error_from_the_handler_is_rendered() -> None:
    response = serve(raising(status.not_found(GroupResource("", "configmaps"), "b")))
    assert response.status == 404
    assert orjson.loads(response.body) == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": 'configmaps "b" not found', "reason": "NotFound",
        "details": {"name": "b", "kind": "configmaps"}, "code": 404,
    }
    assert dict(response.headers)[b"content-type"] == b"application/json"


def test_a_bug_is_a_500_with_an_audit_id_and_no_details_of_it() -> None:
    response = serve(raising(RuntimeError("secret")))
    assert response.status == 500
    assert b"secret" not in response.body
    assert orjson.loads(response.body)["message"] == (
        "This request caused apiserver to panic. Look in the logs for details."
    )
    assert b"audit-id" in dict(response.headers)


def test_retry_after_of_a_status_is_a_header_too() -> None:
    response = serve(raising(status.too_many_requests("slow down", 7)))
    assert (response.status, dict(response.headers)[b"retry-after"]) == (429, b"7")


def test_a_special_verb_without_a_resource_is_a_plain_500() -> None:
    response = serve(ok, path="/api/v1/watch")
    assert response.status == 500
    assert response.body == (
        b'Internal Server Error: "/api/v1/watch": failed to create RequestInfo: '
        b"unable to determine kind and namespace from url, /api/v1/watch\n"
    )


def test_a_cancelled_request_stays_cancelled() -> None:
    async def forever(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    async def run() -> None:
        task = asyncio.create_task(build_chain(forever, config())(Request("GET", "/x")))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
