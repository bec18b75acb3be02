"""The kube-apiserver, put together: three servers in a chain over one storage (upstream: cmd/kube-apiserver/app).

aggregator → kube-apiserver → apiextensions → not found
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pilothouse.aggregator.api_services import GROUP as API_REGISTRATION
from pilothouse.aggregator.autoregister import ON_START, api_service
from pilothouse.aggregator.server import Aggregator
from pilothouse.apiextensions import server as apiextensions
from pilothouse.apimachinery.gvk import GroupResource, GroupVersion
from pilothouse.controlplane import authentication, authorization, config, discovery, flow_control
from pilothouse.controlplane.bootstrap.kubernetes_service import Address
from pilothouse.controlplane.config import aggregation
from pilothouse.controlplane.crd_registration import CRDRegistration
from pilothouse.controlplane.hooks import KubeAPIServerHooks, install_generic
from pilothouse.controlplane.lister import StoreLister
from pilothouse.controlplane.metrics import install_metrics
from pilothouse.controlplane.paths import install_paths
from pilothouse.controlplane.served import served_groups
from pilothouse.controlplane.service_index import ServiceIndex
from pilothouse.controlplane.stores import follow, make_stores
from pilothouse.endpoints.discovery import StorageVersions, storage_versions
from pilothouse.endpoints.discovery_manager import Source
from pilothouse.endpoints.installer import APIGroupVersion
from pilothouse.registry import groups as registry_groups
from pilothouse.registry.kinds import Group, resources_of
from pilothouse.registry.store import Store
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.hooks import HookContext
from pilothouse.server.routes.flow_control import install_flow_control
from pilothouse.storage.storage import Storage

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Handler
    from pilothouse.controlplane.authentication import Authentication
    from pilothouse.controlplane.authorization import Authorization
    from pilothouse.endpoints.scope import Services
    from pilothouse.options.options import Options


def build(options: Options) -> ControlPlane:
    """A server for completed and valid options; nothing is opened before `start`. Raises OSError or ValueError."""
    backend = config.backend(options)
    storage = Storage(backend, history_seconds=options.storage.etcd_compaction_interval or 300.0)
    stores: dict[GroupResource, Store] = {}
    objects = StoreLister(stores)
    access = authorization.build(options.authorization, options.feature_gates.enabled)
    authorizer = access.authorizer
    who = authentication.build(options, objects)
    known = registry_groups.build(config.dependencies(options, stores, who, access))
    groups = served_groups(known, options.api.runtime_config, options.feature_gates.enabled)
    stores.update(make_stores(storage, resources_of(known), resources_of(groups)))
    access.feed(storage, stores)
    fair = flow_control.build(options, stores)
    if fair is not None:
        flow_control.feed(fair, storage, stores)
    servers = config.server_config(options, who, authorizer, fair)
    install_metrics(servers.chain.metrics.registry, options.feature_gates, stores, backend)
    services = config.services(options, objects, stores, authorizer)
    return ControlPlane(
        options, storage, stores, groups, servers, services, storage_versions(resources_of(known)), who, access
    )


class ControlPlane:
    """A whole kube-apiserver. `handler` is complete from the beginning; `start` opens the storage and runs hooks."""

    def __init__(
        self, options: Options, storage: Storage, stores: Mapping[GroupResource, Store], groups: Sequence[Group],
        servers: ServerConfig, services: Services, stored: StorageVersions, who: Authentication,
        access: Authorization,
    ) -> None:
        self.options = options
        self.storage = storage
        self.stores = stores
        self.groups = groups
        self._services = services
        self._stored = stored
        self._who = who
        self._access = access
        self._auditor = servers.chain.auditor
        self._address = Address(
            options.control_plane.service_cluster_ip_ranges, options.generic.advertise_address,
            options.serving.secure_port,
        )
        self._started = asyncio.Event()
        self._cluster_services = ServiceIndex(StoreLister(stores))
        self._resolver = config.service_resolver(options, self._cluster_services)
        self.aggregator = self._chain(servers)
        self.handler: Handler = self.aggregator.prepare()

    @property
    def _host_port(self) -> str:
        return f"{self._address.advertise_ip}:{self._address.port}"

    # Building

    def _chain(self, config: ServerConfig) -> GenericAPIServer:
        extensions = apiextensions.new(config)
        install_generic(extensions, self.storage, config.chain.flow_control)
        self.definitions = apiextensions.serve_definitions(
            extensions, self.storage, self.stores, self._services, self._resolver.address
        )
        kube = GenericAPIServer("kube-apiserver", config, extensions)
        self._hooks().install(kube)
        outermost = self._aggregator(config, kube)
        owners = {apiextensions.GROUP: extensions, API_REGISTRATION: outermost}
        for group in self.groups:
            server = owners.get(group.name, kube)
            if group.name:
                discovery.install_group(server, group)
                discovery.announce(config.discovery.of(Source.BUILTIN), group)
            else:
                discovery.install_core(server, group, self._host_port)
            for version in group.versions:
                server.install_api_group("apis" if group.name else "api", group.name, version.version, APIGroupVersion(
                    GroupVersion(group.name, version.version), version.resources,
                    lambda resource: self.stores.get(resource.group_resource), self._services, self._stored,
                ))
        install_paths(outermost, self.options, self.groups, self._host_port)
        if config.chain.flow_control is not None:
            install_flow_control(outermost.mux, config.chain.flow_control.controller)
        if self.options.control_plane.standalone_controllers:
            outermost.add_post_start_hook("start-standalone-controllers", self._start_controllers)
        return outermost

    def _aggregator(self, config: ServerConfig, kube: GenericAPIServer) -> GenericAPIServer:
        """The outermost server, fed with APIServices and, for theirs, with CustomResourceDefinitions."""
        services = self._cluster_services
        aggregator = Aggregator(config, kube, aggregation(self.options, services, self._resolver))
        services.listen(aggregator.availability.service_changed)
        services.follow(self.storage, self.stores)
        for group in self.groups:
            for version in group.versions:
                if group.name != API_REGISTRATION:
                    aggregator.registration.add(
                        api_service(group.name, version.version, group.priority, version.priority), ON_START
                    )
        # Groups may be turned off.
        if (resource := GroupResource(API_REGISTRATION, "apiservices")) in self.stores:
            follow(self.storage, self.stores[resource], aggregator.services.apply)
        if self.definitions is not None:
            self.definitions.listen(CRDRegistration(aggregator.registration).apply)
        return aggregator.server

    def _hooks(self) -> KubeAPIServerHooks:
        return KubeAPIServerHooks(
            self._address, lambda: config.authentication_info(self.options), self._who, self._access,
            self.options.feature_gates.enabled,
        )

    # Running

    def follow_client_authorities(self, trust: Callable[[bytes], None]) -> None:
        """Call `trust` with the PEM of authorities that change while the server runs. Call it before `start`."""
        for authorities in self._who.authorities:
            authorities.trust = trust

    async def start(self) -> None:
        """Open the storage, then make what must exist. Returns when the server is ready. Raises OSError, HookError."""
        if self._auditor is not None:
            self._auditor.backend.start()
        await self.storage.start()
        await self.aggregator.run_post_start_hooks()
        self._started.set()

    async def shutdown(self, stop_listening: Callable[[], None] | None = None) -> None:
        """Finish what runs, then close the storage; `stop_listening` closes the sockets when it is time."""
        await self.aggregator.shutdown(stop_listening)
        if self.definitions is not None:
            await self.definitions.close()
        await self._who.close()
        await self._access.close()
        await self.storage.close()
        if self._auditor is not None:
            await self._auditor.backend.stop()

    async def _start_controllers(self, context: HookContext) -> None:
        from pilothouse.controllers import manager

        root_ca = await asyncio.to_thread(self.options.ca_file.read_text)

        async def run() -> None:
            # they look at everything there is: the server is ready first
            await self._started.wait()
            await manager.run(context.client, root_ca, config.legacy_issuer(self.options).issue)

        context.start(run(), "standalone-controllers")

