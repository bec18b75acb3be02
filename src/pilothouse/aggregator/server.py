"""The outermost server: APIServices and what all servers offer together (upstream: kube-aggregator pkg/apiserver)."""

from __future__ import annotations

from pilothouse.aggregator.api_services import GROUP, APIServices
from pilothouse.aggregator.autoregister import AutoRegistration
from pilothouse.aggregator.discovery import GroupPaths
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.healthz import Check
from pilothouse.server.hooks import HookContext

__all__ = ["GROUP", "Aggregator"]


class Aggregator:
    """`server` comes without its groups, which the control plane installs. `services` must be fed from the store."""

    def __init__(self, config: ServerConfig, delegate: GenericAPIServer) -> None:
        self.server = GenericAPIServer("kube-aggregator", config, delegate)
        self.services = APIServices()
        self.registration = AutoRegistration(self.services)
        GroupPaths(self.server, self.services)
        self._add_hooks()

    def _add_hooks(self) -> None:
        server = self.server
        for name in (
            "aggregator-reload-proxy-client-cert", "start-kube-aggregator-informers",
            "apiservice-status-local-available-controller", "apiservice-status-remote-available-controller",
            "apiservice-registration-controller", "apiservice-wait-for-first-sync", "apiservice-discovery-controller",
        ):
            server.add_post_start_hook(name, _nothing)
        server.add_post_start_hook("kube-apiserver-autoregistration", self._register)
        server.add_boot_check(Check("autoregister-completion", self._missing))
        server.add_post_start_hook("apiservice-openapi-controller", self._build_openapi)
        server.add_post_start_hook("apiservice-openapiv3-controller", _nothing)

    async def _register(self, context: HookContext) -> None:
        await self.registration.start(context.client)
        context.start(self.registration.run(), "autoregister")

    def _missing(self) -> str | None:
        missing = self.registration.missing()
        return f"missing APIService: [{' '.join(missing)}]" if missing else None

    async def _build_openapi(self, context: HookContext) -> None:
        context.start(self.server.config.openapi.keep_built(), "openapi")


async def _nothing(context: HookContext) -> None:
    """What upstream's hook of this name starts is not needed: the store tells every change at once."""
