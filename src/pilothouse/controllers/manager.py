"""Runs the controllers of a lone server. A cluster with a kube-controller-manager does without
(--standalone-controllers=false)."""

from __future__ import annotations

import asyncio

from pilothouse.controllers.garbage_collector import GarbageCollector
from pilothouse.controllers.namespaces import NamespaceDeletion
from pilothouse.controllers.role_aggregation import RoleAggregation
from pilothouse.controllers.service_accounts import NamespaceDefaults
from pilothouse.controllers.service_cidrs import ServiceCIDRs
from pilothouse.controllers.token_secrets import Sign, TokenSecrets
from pilothouse.server.loopback import LoopbackClient


async def run(client: LoopbackClient, root_ca: str, sign: Sign) -> None:
    """Run all until cancelled. `root_ca` is the PEM text that verifies this server, `sign` makes long-lived tokens of
    service accounts."""
    namespaces = NamespaceDeletion(client)
    defaults = NamespaceDefaults(client, root_ca)
    roles = RoleAggregation(client)
    collector = GarbageCollector(client)
    ranges = ServiceCIDRs(client)
    tokens = TokenSecrets(client, root_ca, sign)
    async with asyncio.TaskGroup() as tasks:
        for informer in (namespaces.informer, roles.informer, ranges.informer, *defaults.informers, *tokens.informers):
            tasks.create_task(informer.run())
        for name, controller in (
            ("namespace-deletion", namespaces), ("namespace-defaults", defaults), ("role-aggregation", roles),
            ("garbage-collector", collector), ("service-cidrs", ranges), ("token-secrets", tokens),
        ):
            tasks.create_task(controller.run(), name=name)
