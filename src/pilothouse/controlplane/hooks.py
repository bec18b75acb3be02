"""The post-start hooks and health checks of kube-apiserver, by its names (upstream: pkg/controlplane).

Some of upstream's hooks start informers and loops that Pilothouse does without, since it reads its own watch
caches: those are named all the same, for whoever asks for `?exclude=` or a single check, and are done at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pilothouse.controlplane.authentication import Authentication
from pilothouse.controlplane.authorization import Authorization
from pilothouse.controlplane.bootstrap import system
from pilothouse.controlplane.bootstrap.flowcontrol import bootstrap_flow_control
from pilothouse.controlplane.bootstrap.kubernetes_service import Address, default_service_cidr, kubernetes_service
from pilothouse.controlplane.bootstrap.policy import Enabled
from pilothouse.controlplane.bootstrap.rbac import bootstrap_policy
from pilothouse.controlplane.flow_control import keep_adjusting
from pilothouse.controlplane.flow_schema_status import FlowSchemaStatus
from pilothouse.controlplane.service_repair import ServiceRepair
from pilothouse.server.apiserver import GenericAPIServer
from pilothouse.server.filters.priority_and_fairness import FlowControl
from pilothouse.server.healthz import HEALTHZ, LIVEZ, READYZ, Check
from pilothouse.server.hooks import HookContext
from pilothouse.server.loopback import LoopbackClient
from pilothouse.server.periodic import every
from pilothouse.server.workqueue import WorkQueue
from pilothouse.storage.storage import Storage

_LEASE_RENEWAL_SECONDS = 10.0
_INFO = "extension-apiserver-authentication"


async def nothing(context: HookContext) -> None:
    """For upstream's hooks that only start what is not needed here."""


def install_generic(server: GenericAPIServer, storage: Storage, fair: FlowControl | None = None) -> None:
    """What every server of the chain has; the innermost one brings it in."""

    async def adjust(context: HookContext) -> None:
        if fair is not None:
            context.start(keep_adjusting(fair), "priority-and-fairness")

    def storage_works() -> str | None:
        return None if storage.healthy else "the storage takes no writes"

    server.add_health_check(Check("loopback-serving-certificate"), endpoints=(HEALTHZ, LIVEZ))
    server.add_health_check(Check("etcd", storage_works), endpoints=(HEALTHZ, LIVEZ))
    # readiness is lost with the storage, too: the watch caches no longer follow anything
    server.add_health_check(Check("informer-sync", storage_works), endpoints=(READYZ,))
    for name in (
        "start-apiserver-admission-initializer", "generic-apiserver-start-informers",
    ):
        server.add_post_start_hook(name, nothing)
    server.add_post_start_hook("priority-and-fairness-config-consumer", adjust)
    for name in ("priority-and-fairness-filter", "storage-object-count-tracker-hook"):
        server.add_post_start_hook(name, nothing)


class KubeAPIServerHooks:
    """Makes what must exist before the server is ready, in the order in which one needs another."""

    def __init__(
        self, address: Address, authentication_info: Callable[[], Mapping[str, str]], who: Authentication,
        access: Authorization, enabled: Enabled,
    ) -> None:
        self._address = address
        self._who = who
        self._access = access
        self._authentication_info = authentication_info
        self._enabled = enabled
        self._namespaces = asyncio.Event()
        self._service_ranges = asyncio.Event()

    def install(self, server: GenericAPIServer) -> None:
        server.add_post_start_hook("start-system-namespaces-controller", self._system_namespaces)
        server.add_post_start_hook("peer-endpoint-reconciler-controller", nothing)
        server.add_post_start_hook("start-cluster-authentication-info-controller", self._authentication)
        server.add_post_start_hook("start-kube-apiserver-identity-lease-controller", self._identity)
        server.add_post_start_hook("start-kube-apiserver-identity-lease-garbage-collector", nothing)
        server.add_post_start_hook("storage-readiness", nothing)
        server.add_post_start_hook("start-legacy-token-tracking-controller", self._token_tracking)
        server.add_post_start_hook("start-service-ip-repair-controllers", self._repair_services)
        if "RBAC" in self._access.types:
            server.add_post_start_hook("rbac/bootstrap-roles", self._roles)
        server.add_post_start_hook("scheduling/bootstrap-system-priority-classes", self._priority_classes)
        server.add_post_start_hook("priority-and-fairness-config-producer", self._flow_control)
        server.add_post_start_hook("bootstrap-controller", self._kubernetes_service)
        server.add_post_start_hook("start-kubernetes-service-cidr-controller", self._service_cidr)

    async def _system_namespaces(self, context: HookContext) -> None:
        await system.system_namespaces(context.client)
        self._namespaces.set()

    async def _authentication(self, context: HookContext) -> None:
        async def write(which: str = _INFO) -> None:
            data = await asyncio.to_thread(self._authentication_info)
            await system.authentication_info(context.client, data)

        async def again() -> None:
            changes.add(_INFO)

        # What was read anew is told until it is written.
        changes = WorkQueue("cluster_authentication_trust_controller", write, workers=1)
        context.start(changes.run(), "cluster-authentication-info")
        for authorities in self._who.authorities:
            authorities.changed = again
        self._who.start(context)
        self._access.start(context)
        await self._namespaces.wait()
        await write()

    async def _identity(self, context: HookContext) -> None:
        await self._namespaces.wait()
        await self._renew_lease(context.client)
        context.start(self._keep_lease(context.client), "apiserver-identity-lease")

    async def _keep_lease(self, client: LoopbackClient) -> None:
        await every(
            _LEASE_RENEWAL_SECONDS, lambda: self._renew_lease(client),
            "The identity lease was not renewed, will try again",
        )

    async def _renew_lease(self, client: LoopbackClient) -> None:
        await system.identity_lease(client, f"{self._address.advertise_ip}:{self._address.port}")

    async def _token_tracking(self, context: HookContext) -> None:
        await self._namespaces.wait()
        await system.token_tracking(context.client)

    async def _roles(self, context: HookContext) -> None:
        await self._namespaces.wait()
        await bootstrap_policy(context.client, self._enabled)

    async def _priority_classes(self, context: HookContext) -> None:
        await system.priority_classes(context.client)

    async def _flow_control(self, context: HookContext) -> None:
        await bootstrap_flow_control(context.client)
        context.start(FlowSchemaStatus(context.client).run(), "flow-schema-status")

    async def _kubernetes_service(self, context: HookContext) -> None:
        await self._namespaces.wait()
        await kubernetes_service(context.client, self._address)

    async def _service_cidr(self, context: HookContext) -> None:
        await default_service_cidr(context.client, self._address)
        self._service_ranges.set()

    async def _repair_services(self, context: HookContext) -> None:
        await self._service_ranges.wait()
        repair = ServiceRepair(context.client)
        await repair.repair()
        context.start(repair.run(), "service-ip-repair")
