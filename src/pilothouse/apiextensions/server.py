"""The innermost server: CustomResourceDefinitions and the resources that they define (upstream:
apiextensions-apiserver pkg/apiserver)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.hooks import HookContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pilothouse.apiextensions.definitions import Definitions
    from pilothouse.apimachinery.webhook.client_config import ServiceResolver
    from pilothouse.endpoints.scope import Services
    from pilothouse.registry.store import Store
    from pilothouse.storage.storage import Storage

GROUP = "apiextensions.k8s.io"
CONVERSION_SECONDS: Final = 30.0
"""How long a conversion webhook may take."""
_DEFINITIONS: Final = GroupResource(GROUP, "customresourcedefinitions")


async def _nothing(context: HookContext) -> None:
    """Definitions are followed as they are committed: there is no informer to wait for."""


def new(config: ServerConfig) -> GenericAPIServer:
    """The server without its groups, which the control plane installs. It delegates to "not found"."""
    return GenericAPIServer("apiextensions-apiserver", config)


def serve_definitions(
    server: GenericAPIServer, storage: Storage, stores: Mapping[GroupResource, Store], services: Services,
    resolve: ServiceResolver, *, conversion_seconds: float = CONVERSION_SECONDS,
) -> Definitions | None:
    """Follow the stored definitions and serve what they define; None where definitions are not served.

    They are read when the storage opens, so all is served before any hook runs. `resolve` finds the services of
    conversion webhooks, which may take `conversion_seconds`.
    """
    store = stores.get(_DEFINITIONS)
    if store is None:
        server.add_post_start_hook("start-apiextensions-informers", _nothing)
        return None
    from pilothouse.apiextensions.announcing import Announcer
    from pilothouse.apiextensions.definitions import Definitions
    from pilothouse.apiextensions.environment import Environment
    from pilothouse.apiextensions.webhook_conversion import ConversionMetrics, WebhookConverters
    from pilothouse.endpoints.discovery_manager import Source

    converters = WebhookConverters(resolve, ConversionMetrics(server.config.chain.metrics.registry), conversion_seconds)
    taken = frozenset(known.prefix for known in stores.values())
    environment = Environment(
        storage=storage, services=services, converters=converters, times=store.times, taken=taken
    )
    definitions = Definitions(server, environment)
    Announcer(definitions, server.config.discovery.of(Source.CUSTOM), server.config.openapi)
    storage.observe(store.prefix, definitions.observe)

    async def load(context: HookContext) -> None:
        await definitions.load()

    async def start_controllers(context: HookContext) -> None:
        from pilothouse.apiextensions.controller import DefinitionController

        context.start(aside(_import), "crd-import")
        controller = DefinitionController(definitions, context.client, store.times)
        await controller.sync_all()
        context.start(controller.run_status(), "crd-status")
        context.start(controller.run_finalizer(), "crd-finalizer")

    server.add_post_start_hook("start-apiextensions-informers", load)
    server.add_post_start_hook("start-apiextensions-controllers", start_controllers)
    server.add_post_start_hook("crd-informer-synced", _nothing)
    return definitions


def _import() -> None:
    """What the first definition needs: schemas and CEL. A server starts without, and has them soon after."""
    import_module("pilothouse.registry.apiextensions.validation")
    import_module("pilothouse.apiextensions.serving")
