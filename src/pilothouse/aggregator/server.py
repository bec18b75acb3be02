"""The outermost server: APIServices and what all servers offer together (upstream: kube-aggregator pkg/apiserver)."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.aggregator.api_services import APIServices
from pilothouse.aggregator.autoregister import AutoRegistration
from pilothouse.aggregator.availability import AvailabilityController
from pilothouse.aggregator.availability_metrics import AvailabilityMetrics
from pilothouse.aggregator.backend import Backend
from pilothouse.aggregator.discovery import GroupPaths
from pilothouse.aggregator.registration import Registration
from pilothouse.aggregator.remote_discovery import DiscoveryController
from pilothouse.aggregator.remote_openapi import RemoteOpenAPI
from pilothouse.aggregator.resolver import ServiceResolver, Services
from pilothouse.apimachinery.proxy.backend import Files
from pilothouse.endpoints.discovery_manager import Source
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.healthz import READYZ, Check
from pilothouse.server.hooks import HookContext


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorConfig:
    """How extension API servers are found and reached; `client` is the certificate shown to them."""

    objects: Services
    resolver: ServiceResolver
    client: Files
    reject_redirects: bool = True


class Aggregator:
    """`server` comes without its groups, which the control plane installs. `services` must be fed from the store."""

    def __init__(self, config: ServerConfig, delegate: GenericAPIServer, aggregation: AggregatorConfig) -> None:
        self.server = server = GenericAPIServer("kube-aggregator", config, delegate)
        self.services = APIServices()
        self.registration = AutoRegistration(self.services)
        self._discovery = DiscoveryController(config.discovery.of(Source.AGGREGATOR))
        self._openapi = RemoteOpenAPI(config.openapi)
        self._proxies = Registration(
            server.director, lambda obj: Backend(obj, aggregation.resolver, aggregation.client), self._discovery,
            self._openapi, reject_redirects=aggregation.reject_redirects,
            terminated=config.chain.metrics.record_termination,
        )
        registry = config.chain.metrics.registry
        metrics = AvailabilityMetrics(registry)
        aggregated = registry.counter(
            "aggregator_discovery_aggregation_count_total", "Counter of number of times discovery was aggregated"
        )
        registry.add_collector(lambda: aggregated.set(config.discovery.regenerations))
        self.availability = AvailabilityController(
            self.services, aggregation.objects, self._proxies.backend, metrics,
            lambda: not server.health[READYZ].failing(),
        )
        GroupPaths(server, self.services)
        self._add_hooks()

    def _add_hooks(self) -> None:
        server = self.server
        for name, hook in (
            ("aggregator-reload-proxy-client-cert", _nothing),
            ("start-kube-aggregator-informers", _nothing),
            ("apiservice-status-local-available-controller", _nothing),
            ("apiservice-status-remote-available-controller", self._watch_availability),
            ("apiservice-registration-controller", self._install_proxies),
            ("apiservice-wait-for-first-sync", _nothing),
            ("apiservice-discovery-controller", self._discover),
            ("kube-apiserver-autoregistration", self._register),
        ):
            server.add_post_start_hook(name, hook)
        server.add_boot_check(Check("autoregister-completion", self._missing))
        server.add_post_start_hook("apiservice-openapi-controller", self._build_openapi)
        server.add_post_start_hook("apiservice-openapiv3-controller", _nothing)

    async def _install_proxies(self, context: HookContext) -> None:
        self.services.listen(self._proxies.changed)
        context.start(self._proxies.run(), "apiservice-registration")

    async def _watch_availability(self, context: HookContext) -> None:
        context.start(self.availability.run(context.client), "apiservice-availability")

    async def _discover(self, context: HookContext) -> None:
        await self._discovery.start()
        context.start(self._discovery.run(), "apiservice-discovery")

    async def _register(self, context: HookContext) -> None:
        await self.registration.start(context.client)
        context.start(self.registration.run(), "autoregister")

    def _missing(self) -> str | None:
        missing = self.registration.missing()
        return f"missing APIService: [{' '.join(missing)}]" if missing else None

    async def _build_openapi(self, context: HookContext) -> None:
        context.start(self.server.config.openapi.keep_built(), "openapi")
        context.start(self._openapi.run(), "apiservice-openapi")


async def _nothing(context: HookContext) -> None:
    """What upstream's hook of this name starts is not needed, or is a part of another one here."""
