"""The kube-apiserver, put together: three servers in a chain over one storage (upstream: cmd/kube-apiserver/app).

aggregator → kube-apiserver → apiextensions → not found
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pilothouse
from pilothouse.admission import chain as admission
from pilothouse.aggregator import discovery as aggregated_discovery
from pilothouse.aggregator import server as aggregator
from pilothouse.apiextensions import server as apiextensions
from pilothouse.apimachinery.gvk import GroupResource, GroupVersion
from pilothouse.authentication import factory as authentication
from pilothouse.authorization import factory as authorization
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.controlplane.bootstrap.kubernetes_service import Address
from pilothouse.controlplane.hooks import KubeAPIServerHooks, install_generic
from pilothouse.controlplane.lister import StoreLister
from pilothouse.controlplane.served import served_groups
from pilothouse.controlplane.stores import feed_rbac, make_stores
from pilothouse.controlplane.token_issuer import JWTIssuer, public_keys
from pilothouse.endpoints.discovery import storage_versions
from pilothouse.endpoints.installer import APIGroupVersion
from pilothouse.endpoints.scope import Services
from pilothouse.observability.metrics import REGISTRY, SLI_REGISTRY
from pilothouse.registry import groups as registry_groups
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group
from pilothouse.registry.store import Store
from pilothouse.server.apiserver import GenericAPIServer, ServerConfig
from pilothouse.server.chain import ChainConfig
from pilothouse.server.hooks import HookContext
from pilothouse.server.routes.index import install_index
from pilothouse.server.routes.metrics import install_metrics
from pilothouse.server.routes.openid import install_openid
from pilothouse.server.routes.profiling import install_profiling
from pilothouse.server.routes.version import install_version
from pilothouse.storage.storage import Storage

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Handler
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.options.options import Options
    from pilothouse.storage.interface import Backend

DATABASE = "pilothouse.db"


def build(options: Options) -> ControlPlane:
    """A server for completed and valid options; nothing is opened before `start`. Raises OSError or ValueError."""
    storage = Storage(_backend(options), history_seconds=options.storage.etcd_compaction_interval or 300.0)
    rbac = RBACAuthorizer()
    authorizer, rules = authorization.build(options.authorization.authorization_mode, rbac)
    authenticators = authentication.build(
        client_ca_files=options.client_ca_files, token_auth_file=options.authentication.token_auth_file,
        anonymous=options.authentication.anonymous_auth,
    )
    stores: dict[GroupResource, Store] = {}
    dependencies = Dependencies(
        stores=lambda resource: stores[resource], authorizer=authorizer, rule_resolver=rules,
        token_authenticator=authenticators.tokens,
        token_issuer=JWTIssuer(
            options.service_accounts.service_account_issuer[0],
            Path(options.service_accounts.service_account_signing_key_file),
        ),
        api_audiences=options.authentication.api_audiences,
        service_ip_ranges=options.control_plane.service_cluster_ip_ranges,
        node_ports=range(
            options.control_plane.service_node_port_range[0], options.control_plane.service_node_port_range[1] + 1
        ),
    )
    groups = served_groups(registry_groups.build(dependencies), options.api.runtime_config)
    stores.update(make_stores(storage, (r for g in groups for r in g.resources)))
    feed_rbac(storage, stores, rbac)
    chain = ChainConfig(
        authenticator=authenticators.requests, authorizer=authorizer,
        api_audiences=options.authentication.api_audiences,
        request_timeout=options.generic.request_timeout,
        max_requests_in_flight=options.generic.max_requests_inflight,
        max_mutating_requests_in_flight=options.generic.max_mutating_requests_inflight,
        hsts_directives=options.generic.strict_transport_security_directives,
        cors_allowed_origins=options.generic.cors_allowed_origins,
        shutdown_delay=options.generic.shutdown_delay_duration,
    )
    services = Services(
        admission=admission.build(
            StoreLister(stores), enable=options.admission.enable_admission_plugins,
            disable=options.admission.disable_admission_plugins,
        ),
        authorizer=authorizer, min_request_timeout=float(options.generic.min_request_timeout),
    )
    return ControlPlane(options, storage, stores, groups, chain, services, authorizer)


def _backend(options: Options) -> Backend:
    if options.storage.storage_backend == "memory":
        from pilothouse.storage.memory import MemoryBackend

        return MemoryBackend()
    from pilothouse.storage.sqlite import SQLiteBackend

    return SQLiteBackend(Path(options.storage.data_dir) / DATABASE)


class ControlPlane:
    """A whole kube-apiserver. `handler` is complete from the beginning; `start` opens the storage and runs hooks."""

    def __init__(
        self, options: Options, storage: Storage, stores: Mapping[GroupResource, Store], groups: Sequence[Group],
        chain: ChainConfig, services: Services, authorizer: Authorizer,
    ) -> None:
        self.options = options
        self.storage = storage
        self.stores = stores
        self.groups = groups
        self._services = services
        self._address = Address(
            options.control_plane.service_cluster_ip_ranges, options.generic.advertise_address,
            options.serving.secure_port,
        )
        config = ServerConfig(
            chain=chain, livez_grace_period=options.generic.livez_grace_period,
            shutdown_delay=options.generic.shutdown_delay_duration, shutdown_timeout=options.generic.request_timeout,
        )
        self.aggregator = self._chain(config)
        self.handler: Handler = self.aggregator.prepare()

    @property
    def _host_port(self) -> str:
        return f"{self._address.advertise_ip}:{self._address.port}"

    # Building

    def _chain(self, config: ServerConfig) -> GenericAPIServer:
        extensions = apiextensions.new(config)
        install_generic(extensions, self.storage)
        apiextensions.add_hooks(extensions)
        kube = GenericAPIServer("kube-apiserver", config, extensions)
        self._hooks().install(kube)
        outermost = aggregator.new(config, kube)
        aggregator.AutoRegistration(
            aggregator.api_service(group.name, version.version, group.priority, version.priority)
            for group in self.groups if group.name != aggregator.GROUP for version in group.versions
        ).add_hooks(outermost)
        owners = {apiextensions.GROUP: extensions, aggregator.GROUP: outermost}
        stored = storage_versions(resource for group in self.groups for resource in group.resources)
        for group in self.groups:
            server = owners.get(group.name, kube)
            if group.name:
                aggregated_discovery.install_group(server, group)
            else:
                aggregated_discovery.install_core(server, group, self._host_port)
            for version in group.versions:
                server.install_api_group("apis" if group.name else "api", group.name, version.version, APIGroupVersion(
                    GroupVersion(group.name, version.version), version.resources,
                    lambda resource: self.stores.get(resource.group_resource), self._services, stored,
                ))
        self._install_paths(outermost)
        if self.options.control_plane.standalone_controllers:
            outermost.add_post_start_hook("start-standalone-controllers", self._start_controllers)
        return outermost

    def _hooks(self) -> KubeAPIServerHooks:
        client_ca = b"".join(path.read_bytes() for path in self.options.client_ca_files)
        modes = self.options.authorization.authorization_mode
        return KubeAPIServerHooks(self._address, {"client-ca-file": client_ca.decode()}, "RBAC" in modes)

    def _install_paths(self, server: GenericAPIServer) -> None:
        aggregated_discovery.install(server, self.groups)
        install_version(server.director, _version())
        install_index(server.mux, server.listed_paths)
        install_metrics(server.mux, REGISTRY, SLI_REGISTRY, resettable=self.options.features.profiling)
        if self.options.features.profiling:
            install_profiling(server.mux)
        accounts = self.options.service_accounts
        install_openid(
            server.director, accounts.service_account_issuer[0],
            lambda: public_keys(accounts.service_account_key_file),
            accounts.service_account_jwks_uri or f"https://{self._host_port}/openid/v1/jwks",
        )

    # Running

    async def start(self) -> None:
        """Open the storage, then make what must exist. Returns when the server is ready. Raises OSError, HookError."""
        await self.storage.start()
        await self.aggregator.run_post_start_hooks()

    async def shutdown(self) -> None:
        """Finish what runs, then close the storage."""
        await self.aggregator.shutdown()
        await self.storage.close()

    async def _start_controllers(self, context: HookContext) -> None:
        from pilothouse.controllers import manager

        root_ca = await asyncio.to_thread(self.options.ca_file.read_text)
        context.start(manager.run(context.client, root_ca), "standalone-controllers")


def _version() -> dict[str, str]:
    """version.Info of the Kubernetes release that is served."""
    import platform

    major, minor, _ = pilothouse.KUBERNETES_VERSION.removeprefix("v").split(".")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": pilothouse.KUBERNETES_VERSION, "gitCommit": f"pilothouse-{pilothouse.__version__}",
        "gitTreeState": "", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}", "compiler": "gc",
        "platform": f"{platform.system().lower()}/{machine}",
    }
