"""The server as a whole: delegation, hooks, health, shutdown."""

import asyncio
import io
from collections.abc import AsyncIterator

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response, StreamResponse
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.observability.logging import Logger
from pilothouse.observability.metrics import Registry
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.chain import ChainConfig
from pilothouse.server.healthz import HEALTHZ, LIVEZ, Check
from pilothouse.server.hooks import HookContext, HookError
from pilothouse.server.metrics import ServerMetrics

VERSION = {"major": "1", "minor": "36", "gitVersion": "v1.36.2"}


class Admin:
    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        return AuthenticatorResponse(User("admin", groups=("system:masters",)))


class Everything:
    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        return Decision.ALLOW, ""


class Group:
    """Answers with its name and the user; "slow" waits, a watch streams until it is ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.release = asyncio.Event()

    def serves(self, resource: str, subresource: str) -> bool:
        return True

    async def handle(self, request: Request) -> Response:
        info = request.context.request_info
        if info.verb == "watch":
            ended = asyncio.Event()
            request.context.end_stream = ended.set
            return StreamResponse(self._until(ended))
        if info.name == "slow":
            await self.release.wait()
        return Response(200, orjson.dumps({"group": self.name, "user": request.context.user.name}))

    @staticmethod
    async def _until(ended: asyncio.Event) -> AsyncIterator[bytes]:
        yield b"first\n"
        await ended.wait()


def make(**options: float) -> tuple[GenericAPIServer, Group]:
    registry = Registry()
    chain = ChainConfig(
        authenticator=Admin(), authorizer=Everything(), metrics=ServerMetrics(registry), logger=Logger(io.StringIO())
    )
    config = ServerConfig(chain=chain, sli_registry=registry, **options)  # type: ignore[arg-type]
    extensions = GenericAPIServer("apiextensions-apiserver", config)
    extensions.install_api_group("apis", "apiextensions.k8s.io", "v1", Group("crds"))
    kube = GenericAPIServer("kube-apiserver", config, extensions)
    core = Group("core")
    kube.install_api_group("api", "", "v1", core)
    aggregator = GenericAPIServer("kube-aggregator", config, kube)
    aggregator.install_api_group("apis", "apiregistration.k8s.io", "v1", Group("apiservices"))
    aggregator.install_base_routes(VERSION)
    return aggregator, core


async def get(server: GenericAPIServer, url: str, method: str = "GET", **headers: str) -> Response:
    path, _, query = url.partition("?")
    pairs = [(k.encode(), v.encode()) for k, v in headers.items()]
    return await server.handler(Request(method, path, query, pairs))


def test_requests_reach_the_server_that_knows_them() -> None:
    async def run() -> None:
        server, _ = make()
        server.prepare()
        for path, group in (
            ("/apis/apiregistration.k8s.io/v1/apiservices", b"apiservices"),
            ("/api/v1/namespaces/a/configmaps/b", b"core"),
            ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", b"crds"),
        ):
            assert group in (await get(server, path)).body
        response = await get(server, "/apis/nosuch/v1")
        assert (response.status, b"unavailable" in response.body.lower()) == (503, True)
        server.signals.mux_and_discovery_complete.signal()
        response = await get(server, "/apis/nosuch/v1")
        assert (response.status, response.body) == (404, b"404 page not found\n")

    asyncio.run(run())


def test_base_routes() -> None:
    async def run() -> None:
        server, _ = make()
        server.prepare()
        await server.run_post_start_hooks()
        paths = orjson.loads((await get(server, "/")).body)["paths"]
        assert paths == sorted(paths)
        assert {"/api/v1", "/apis/apiextensions.k8s.io/v1", "/healthz/ping", "/metrics", "/version"} <= set(paths)
        assert (await get(server, "/index.html")).status == 200
        version = await get(server, "/version")
        assert version.body == b'{\n  "major": "1",\n  "minor": "36",\n  "gitVersion": "v1.36.2"\n}'
        assert (await get(server, "/version/")).status == 200
        assert (await get(server, "/version/x")).status == 404
        assert (await get(server, "/version", "POST")).status == 405
        refused = await get(server, "/version", accept="text/html, application/xml;q=0.9")
        assert refused.status == 406
        assert orjson.loads(refused.body)["message"] == (
            "406: Not Acceptable\n\nAvailable representations: application/json"
        )
        metrics = await get(server, "/metrics")
        assert b"# TYPE authentication_attempts counter\n" in metrics.body
        assert (await get(server, "/metrics", "DELETE")).body == b"metrics reset\n"

    asyncio.run(run())


def test_profiling_paths() -> None:
    async def run() -> None:
        server, _ = make()
        server.prepare()
        redirect = await get(server, "/debug/pprof")
        assert (redirect.status, dict(redirect.headers)[b"location"]) == (302, b"/debug/pprof/")
        assert b"goroutine" in (await get(server, "/debug/pprof/")).body
        assert b"tasks: total" in (await get(server, "/debug/pprof/goroutine")).body
        assert b"objects tracked" in (await get(server, "/debug/pprof/heap")).body
        assert (await get(server, "/debug/pprof/cmdline")).status == 200
        assert (await get(server, "/debug/pprof/nosuch")).body == b"Unknown profile\n"

    asyncio.run(run())


def test_checks_of_delegates_are_shown_in_order() -> None:
    async def nothing(context: HookContext) -> None:
        return

    async def run() -> None:
        config = make()[0].config
        inner = GenericAPIServer("inner", config)
        inner.add_health_check(Check("etcd"), endpoints=(HEALTHZ, LIVEZ))
        inner.add_post_start_hook("inner-hook", nothing)
        outer = GenericAPIServer("outer", config, inner)
        outer.add_post_start_hook("outer-hook", nothing)
        outer.prepare()
        assert (await get(outer, "/healthz")).status == 500
        await outer.run_post_start_hooks()
        assert (await get(outer, "/healthz?verbose")).body == (
            b"[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]poststarthook/inner-hook ok\n[+]poststarthook/outer-hook ok\n"
            b"healthz check passed\n"
        )
        assert not outer.signals.has_been_ready.done
        assert (await get(outer, "/readyz?verbose")).body == (
            b"[+]ping ok\n[+]log ok\n[+]poststarthook/inner-hook ok\n[+]poststarthook/outer-hook ok\n[+]shutdown ok\n"
            b"readyz check passed\n"
        )
        assert outer.signals.has_been_ready.done

    asyncio.run(run())


def test_hooks_get_a_privileged_client_and_may_leave_work_behind() -> None:
    async def run() -> None:
        server, _ = make()
        seen: list[object] = []
        cancelled = asyncio.Event()

        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async def hook(context: HookContext) -> None:
            seen.append(await context.client.get("", "v1", "configmaps", "b", "a"))
            context.start(forever(), "forever")

        server.add_post_start_hook("first", hook)
        server.prepare()
        await server.run_post_start_hooks()
        assert seen == [{"group": "core", "user": "system:apiserver"}]
        await asyncio.sleep(0)
        await server.shutdown()
        assert cancelled.is_set()

    asyncio.run(run())


def test_a_failing_hook_stops_the_start() -> None:
    async def run() -> None:
        server, _ = make()

        async def fail(context: HookContext) -> None:
            raise OSError("no space")

        async def forever(context: HookContext) -> None:
            await asyncio.Event().wait()

        server.add_post_start_hook("good", forever)
        server.add_post_start_hook("bad", fail)
        with pytest.raises(ValueError, match="registered twice"):
            server.add_post_start_hook("bad", fail)
        server.prepare()
        with pytest.raises(HookError, match='PostStartHook "bad" failed: no space'):
            await server.run_post_start_hooks()

    asyncio.run(run())


def test_shutdown_waits_for_requests_and_ends_watches() -> None:
    async def run() -> None:
        server, core = make(shutdown_watch_grace_period=30.0)
        server.prepare()
        await server.run_post_start_hooks()
        order: list[str] = []

        async def pre_shutdown() -> None:
            order.append(f"hook, readyz {(await get(server, '/readyz')).status}")

        async def broken() -> None:
            raise RuntimeError("does not matter")

        server.add_pre_shutdown_hook("first", pre_shutdown)
        server.add_pre_shutdown_hook("broken", broken)
        for name in ("shutdown_initiated", "not_accepting_new_request", "in_flight_requests_drained",
                     "http_server_stopped_listening"):
            signal = getattr(server.signals, name)
            signal.on_signal(lambda name=signal.name: order.append(name))

        slow = asyncio.create_task(get(server, "/api/v1/namespaces/a/configmaps/slow"))
        watch = await get(server, "/api/v1/configmaps?watch=1")
        assert isinstance(watch, StreamResponse)
        chunks = asyncio.create_task(_collect(watch))
        for _ in range(3):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(server.shutdown(lambda: order.append("sockets closed")))
        assert await chunks == [b"first\n"]
        assert not stopping.done()
        assert (await get(server, "/api/v1/namespaces/a/configmaps/b")).status == 503
        core.release.set()
        assert (await slow).status == 200
        await stopping
        assert order == [
            "ShutdownInitiated", "hook, readyz 500", "sockets closed", "HTTPServerStoppedListening",
            "NotAcceptingNewRequest", "InFlightRequestsDrained",
        ]

    async def _collect(watch: StreamResponse) -> list[bytes]:
        return [chunk async for chunk in watch.stream]

    asyncio.run(run())


def test_shutdown_does_not_wait_for_ever() -> None:
    async def run() -> None:
        server, _ = make(shutdown_timeout=0.01)
        server.prepare()
        slow = asyncio.create_task(get(server, "/api/v1/namespaces/a/configmaps/slow"))
        await asyncio.sleep(0)
        await server.shutdown()
        assert server.signals.in_flight_requests_drained.done
        slow.cancel()

    asyncio.run(run())


def test_a_server_serves_only_when_prepared() -> None:
    with pytest.raises(RuntimeError, match="not prepared"):
        _ = make()[0].handler
