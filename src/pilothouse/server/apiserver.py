"""A generic API server (upstream: k8s.io/apiserver pkg/server/genericapiserver.go).

Three of them make a kube-apiserver: the aggregator delegates to kube-apiserver, that to apiextensions, that
to "not found". Only the outermost has a filter chain and is run; it takes over its delegates' hooks and
health checks.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pilothouse.apimachinery.http import Handler
from pilothouse.endpoints.discovery_manager import ResourceManager
from pilothouse.endpoints.openapi.service import OpenAPIService
from pilothouse.observability.logging import log
from pilothouse.observability.metrics import SLI_REGISTRY, Registry
from pilothouse.server.chain import ChainConfig, build_chain
from pilothouse.server.director import APIGroupHandler, Director, instrument, not_found_handler
from pilothouse.server.healthz import (
    ENDPOINTS,
    HEALTHZ,
    LIVEZ,
    READYZ,
    Check,
    HealthChecker,
    HealthRegistry,
    delayed,
    log_check,
    ping,
    shutdown_check,
)
from pilothouse.server.hooks import HookContext, PostStart, PostStartHook, PreShutdownHook, TaskOwner
from pilothouse.server.lifecycle import Signal
from pilothouse.server.loopback import LoopbackClient, loopback_chain
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.routes.debug_flags import install_debug_flags
from pilothouse.server.routes.index import install_index
from pilothouse.server.routes.metrics import install_metrics
from pilothouse.server.routes.profiling import install_profiling
from pilothouse.server.routes.version import install_version
from pilothouse.server.routes.zpages import install_flagz, install_statusz


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What all three servers share. Times in seconds; the defaults are kube-apiserver's."""

    chain: ChainConfig = field(default_factory=ChainConfig)
    livez_grace_period: float = 0.0
    shutdown_delay: float = 0.0
    shutdown_timeout: float = 60.0
    """How long a shutdown waits for running requests (upstream: --request-timeout)."""
    shutdown_watch_grace_period: float = 1.0
    """How long a shutdown waits for watches that it has asked to end; they need moments. Upstream's flag is 0 by
    default, which leaves them to the closing of their connections."""
    sli_registry: Registry = SLI_REGISTRY
    discovery: ResourceManager = field(default_factory=ResourceManager)
    """The aggregated discovery of /apis: whoever serves a group version announces it there."""
    openapi: OpenAPIService = field(default_factory=OpenAPIService)
    """The OpenAPI documents: whoever serves a group version adds what describes it."""


class GenericAPIServer:
    """One server of the chain.

    Made innermost first: `delegate` is the server that gets what this one does not know. Routes, checks and
    hooks are added until `prepare`; after that only API groups may come and go.
    """

    def __init__(self, name: str, config: ServerConfig, delegate: "GenericAPIServer | None" = None) -> None:
        self.name = name
        self.config = config
        self.delegate = delegate
        chain = config.chain
        self.signals = chain.signals
        not_found = delegate.mux.serve if delegate is not None else not_found_handler(chain.render)
        self.mux: PathRecorderMux = PathRecorderMux(name, not_found)
        self.director: Director = Director(
            self.mux, chain.metrics, chain.render, delegate.director if delegate is not None else None
        )
        self.health = {
            endpoint: HealthRegistry(endpoint, config.sli_registry, chain.logger) for endpoint in ENDPOINTS
        }
        self._post_start: list[PostStart] = []
        self._pre_shutdown: list[tuple[str, PreShutdownHook]] = []
        self._tasks = TaskOwner()
        self._handler: Handler | None = None
        self._loopback: LoopbackClient | None = None
        self.add_health_check(ping())
        self.add_health_check(log_check(chain.logger))
        if delegate is not None:
            self._inherit(delegate)

    def _inherit(self, delegate: "GenericAPIServer") -> None:
        for endpoint in ENDPOINTS:
            for check in delegate.health[endpoint].checks:
                self.health[endpoint].add(check)
        self._post_start += delegate._post_start
        self._pre_shutdown += delegate._pre_shutdown

    # Routes

    def install_api_group(self, prefix: str, group: str, version: str, handler: APIGroupHandler) -> None:
        """Serve a group version below `prefix` ("api" or "apis")."""
        self.director.install_group(prefix, group, version, handler)

    @property
    def api_groups(self) -> dict[tuple[str, str, str], APIGroupHandler]:
        """What this server itself serves, by (prefix, group, version)."""
        return self.director.groups

    def listed_paths(self) -> list[str]:
        """The index at `/`: this server's paths and its delegates'."""
        return self.director.listed_paths()

    def install_base_routes(
        self, version: Mapping[str, str], *, component: str = "kube-apiserver", flags: Mapping[str, str] | None = None,
        profiling: bool = True,
    ) -> None:
        """The paths that every server has (upstream: installAPI).

        /, /version, /metrics, /metrics/slis, /statusz; /flagz where `flags` are given (no secrets: they are
        shown); /debug/pprof/ and /debug/flags/ with `profiling`. `version` is a version.Info in wire form.
        """
        install_index(self.mux, self.listed_paths)
        install_statusz(self.mux, component, version.get("gitVersion", "").removeprefix("v"), self.listed_paths)
        if flags is not None:
            install_flagz(self.mux, component, flags)
        if profiling:
            install_profiling(self.mux)
            install_debug_flags(self.mux, self.config.chain.logger)
        install_metrics(
            self.mux, self.config.chain.metrics.registry, self.config.sli_registry, resettable=profiling
        )
        install_version(self.director, version)

    # Health checks and hooks

    def add_health_check(self, check: HealthChecker, *, endpoints: tuple[str, ...] = ENDPOINTS) -> None:
        """Show `check` on these endpoints ("healthz", "livez", "readyz")."""
        for endpoint in endpoints:
            self.health[endpoint].add(check)

    def add_boot_check(self, check: HealthChecker) -> None:
        """A check of the start-up: /livez overlooks it for the grace period."""
        grace = self.config.livez_grace_period
        self.health[HEALTHZ].add(check)
        self.health[LIVEZ].add(delayed(check, grace, self.config.chain.clock) if grace else check)
        self.health[READYZ].add(check)

    def add_post_start_hook(self, name: str, hook: PostStartHook) -> None:
        """Run `hook` once the server serves; until it has returned, poststarthook/<name> is red."""
        if any(known.hook_name == name for known in self._post_start):
            raise ValueError(f"post-start hook {name!r} is registered twice")
        entry = PostStart(name, hook)
        self._post_start.append(entry)
        self.add_boot_check(entry)

    def add_pre_shutdown_hook(self, name: str, hook: PreShutdownHook) -> None:
        """Run `hook` at the begin of a shutdown, while requests are still served."""
        self._pre_shutdown.append((name, hook))

    # Running

    def prepare(self) -> Handler:
        """Install the health endpoints and build the filter chain; returns the server's handler."""
        self.health[READYZ].add(shutdown_check(self.signals.shutdown_initiated))
        chain = self.config.chain

        def counted(handler: Handler) -> Handler:
            return instrument(handler, chain.metrics, chain.render)

        self.health[HEALTHZ].install(self.mux, wrap=counted)
        self.health[LIVEZ].install(self.mux, wrap=counted)
        self.health[READYZ].install(self.mux, self.signals.has_been_ready.signal, counted)
        self._handler = build_chain(self.director.serve, chain)
        return self._handler

    @property
    def handler(self) -> Handler:
        """The whole server: filter chain, director, delegates. Only after `prepare`."""
        if self._handler is None:
            raise RuntimeError(f"server {self.name} is not prepared")
        return self._handler

    def loopback_client(self) -> LoopbackClient:
        """The privileged client of this server, for hooks and controllers."""
        if self._loopback is None:
            self._loopback = LoopbackClient(loopback_chain(self.director.serve, self.config.chain))
        return self._loopback

    async def run_post_start_hooks(self) -> None:
        """Run all hooks side by side; returns when all have. Raises HookError as soon as one fails."""
        self.signals.mux_and_discovery_complete.signal()
        context = HookContext(self.loopback_client(), self._tasks.start)
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for entry in self._post_start:
                    group.create_task(entry.run(context), name=entry.name)
        except BaseExceptionGroup as errors:
            failure = errors.exceptions[0]
        if failure is not None:
            # Raised out here, the hook's own error stays its cause, and the group does not hide it.
            raise failure

    async def shutdown(self, stop_listening: Callable[[], None] | None = None) -> None:
        """Go through the shutdown as `lifecycle` tells it; returns when nothing runs any more.

        `stop_listening` closes the sockets; open connections end as their requests do.
        """
        config, signals = self.config, self.signals
        self._happened(signals.shutdown_initiated)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run_pre_shutdown_hooks(), name="pre-shutdown-hooks")
            if config.shutdown_delay:
                group.create_task(asyncio.sleep(config.shutdown_delay), name="shutdown-delay")
        self._happened(signals.after_shutdown_delay_duration)
        self._happened(signals.pre_shutdown_hooks_stopped)
        # The server's own work ends before its requests are refused.
        await self._tasks.stop()
        if not config.chain.shutdown_send_retry_after:
            self._stop_listening(stop_listening)
        self._happened(signals.not_accepting_new_request)
        await self._drain()
        self._happened(signals.in_flight_requests_drained)
        if config.chain.shutdown_send_retry_after:
            self._stop_listening(stop_listening)

    def _stop_listening(self, stop_listening: Callable[[], None] | None) -> None:
        if stop_listening is not None:
            stop_listening()
            self._happened(self.signals.http_server_stopped_listening)

    def _happened(self, signal: Signal) -> None:
        signal.signal()
        log.info("[graceful-termination] shutdown event", level=1, name=signal.name)

    async def _drain(self) -> None:
        config = self.config
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(config.shutdown_timeout):
                await config.chain.requests.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(config.shutdown_watch_grace_period):
                await config.chain.watches.wait()

    async def _run_pre_shutdown_hooks(self) -> None:
        for name, hook in self._pre_shutdown:
            try:
                await hook()
            except Exception as error:
                log.exception("PreShutdownHook failed", error, hook=name)


def always_ok(name: str) -> Check:
    """A check that never fails, for conditions that cannot arise in this server but are asked for by name."""
    return Check(name)
