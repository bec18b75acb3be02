"""The authorizers that the options ask for, and what keeps them up to date (upstream: pkg/kubeapiserver/authorizer)."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.authorization import factory
from pilothouse.authorization.factory import Parts
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.controlplane.bootstrap.policy import Enabled, default_policy, no_gate
from pilothouse.controlplane.bootstrap.system import identity
from pilothouse.registry.store import decode

if TYPE_CHECKING:
    from pilothouse.apimachinery.webhook.caller import Caller
    from pilothouse.authorization.configured import ReloadingAuthorizer
    from pilothouse.authorization.interface import Authorizer, ResolvingAuthorizer, RuleResolver
    from pilothouse.authorization.node.graph import Graph
    from pilothouse.options.options import AuthorizationOptions
    from pilothouse.registry.store import Store
    from pilothouse.server.hooks import HookContext
    from pilothouse.storage.interface import Event, Observer
    from pilothouse.storage.storage import Storage

Stores = Mapping[GroupResource, "Store"]
_WEBHOOK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Authorization:
    """`authorizer` decides, `rules` lists; `feed` has them follow what is stored, `start` their file. `types` are the
    modes that are there, `close` ends connections to webhooks."""

    authorizer: Authorizer
    rules: RuleResolver
    rbac: RBACAuthorizer
    graph: Graph | None
    types: frozenset[str]
    callers: list[Caller] = field(default_factory=list)
    reloading: ReloadingAuthorizer | None = None

    def feed(self, storage: Storage, stores: Stores) -> None:
        """Call once, before the storage is opened."""
        for name in ("roles", "clusterroles", "rolebindings", "clusterrolebindings"):
            store = stores[GroupResource("rbac.authorization.k8s.io", name)]
            storage.observe(store.prefix, _rbac_observer(store.resource.kind, self.rbac))
        if self.graph is not None:
            _feed_graph(storage, stores, self.graph)

    def start(self, context: HookContext) -> None:
        if self.reloading is not None:
            context.start(self.reloading.run(), "authorization-config")

    async def close(self) -> None:
        for caller in self.callers:
            await caller.close()
        if self.reloading is not None:
            await self.reloading.close()


def build(options: AuthorizationOptions, enabled: Enabled) -> Authorization:
    """Raises OSError or ValueError for files that cannot be used."""
    if options.authorization_config:
        return _of_file(options, enabled)
    modes = frozenset(options.authorization_mode)
    rbac = RBACAuthorizer()
    parts, graph = _parts(modes, options, enabled, rbac)
    callers: list[Caller] = []
    chain = factory.of_modes(options.authorization_mode, lambda: _webhook(options, callers))
    authorizer, rules = factory.build(chain, parts)
    return Authorization(authorizer, rules, rbac, graph, modes, callers)


def _of_file(options: AuthorizationOptions, enabled: Enabled) -> Authorization:
    from pilothouse.authorization.configured import ReloadingAuthorizer
    from pilothouse.authorization.configvalidation import load_file
    from pilothouse.observability.configmetrics import ConfigurationMetrics

    configuration, data = load_file(options.authorization_config)
    rbac = RBACAuthorizer()
    parts, graph = _parts(configuration.types, options, enabled, rbac)
    metrics = ConfigurationMetrics("authorization", identity(platform.node()))
    reloading = ReloadingAuthorizer(Path(options.authorization_config), data, configuration, parts, metrics)
    return Authorization(reloading, reloading, rbac, graph, configuration.types, reloading=reloading)


def _parts(
    types: frozenset[str], options: AuthorizationOptions, enabled: Enabled, rbac: RBACAuthorizer
) -> tuple[Parts, Graph | None]:
    graph: Graph | None = None
    node: ResolvingAuthorizer | None = None
    abac: ResolvingAuthorizer | None = None
    if "Node" in types:
        from pilothouse.authorization.node.authorizer import NodeAuthorizer
        from pilothouse.authorization.node.graph import Graph as NodeGraph

        graph = NodeGraph()
        node = NodeAuthorizer(graph, node_rules(enabled), pod_certificates=enabled("PodCertificateRequest"))
    if "ABAC" in types:
        abac = _abac(options.authorization_policy_file)
    return Parts(rbac=rbac if "RBAC" in types else None, node=node, abac=abac), graph


def _abac(file: str) -> ResolvingAuthorizer:
    """Raises ValueError."""
    from pilothouse.authorization import abac

    if not file:
        raise ValueError("open : no such file or directory")
    try:
        return abac.load(Path(file))
    except OSError as error:
        raise ValueError(f"open {file}: {(error.strerror or str(error)).lower()}") from None


def node_rules(enabled: Enabled = no_gate) -> Sequence[Mapping[str, Any]]:
    """The rules of the cluster role system:node (upstream: bootstrappolicy.NodeRules)."""
    roles = default_policy(enabled)["clusterroles"]
    rules: Sequence[Mapping[str, Any]] = next(
        role["rules"] for role in roles if role["metadata"]["name"] == "system:node"
    )
    return rules


def _webhook(options: AuthorizationOptions, callers: list[Caller]) -> ResolvingAuthorizer:
    from pilothouse.apimachinery.webhook.caller import Caller as WebhookCaller
    from pilothouse.authorization.webhook import WebhookAuthorizer, WebhookConfig
    from pilothouse.authorization.webhookmetrics import WebhookMetrics

    caller = WebhookCaller.of_file(Path(options.authorization_webhook_config_file), _WEBHOOK_SECONDS)
    callers.append(caller)
    return WebhookAuthorizer(caller, WebhookConfig(
        version=options.authorization_webhook_version,
        authorized_seconds=options.authorization_webhook_cache_authorized_ttl,
        unauthorized_seconds=options.authorization_webhook_cache_unauthorized_ttl,
    ), metrics=WebhookMetrics())


def _rbac_observer(kind: str, rbac: RBACAuthorizer) -> Observer:
    def observe(event: Event) -> None:
        obj = decode(event.item)
        metadata = obj["metadata"]
        rbac.apply(kind, metadata.get("namespace", ""), metadata["name"], None if event.deleted else obj)

    return observe


def _feed_graph(storage: Storage, stores: Stores, graph: Graph) -> None:
    from pilothouse.authorization.node.graph import RESOURCES

    for group, name in RESOURCES:
        store = stores.get(GroupResource(group, name))
        if store is not None:
            storage.observe(store.prefix, _graph_observer(name, graph.observe))


def _graph_observer(resource: str, observe: Callable[..., None]) -> Observer:
    def follow(event: Event) -> None:
        observe(resource, decode(event.item), deleted=event.deleted)

    return follow
