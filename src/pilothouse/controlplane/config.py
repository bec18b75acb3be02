"""From options to what the servers are made of (upstream: pkg/controlplane/apiserver/config.go)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.aggregator.resolver import ServiceResolver
from pilothouse.aggregator.server import AggregatorConfig
from pilothouse.apimachinery.proxy.backend import Files
from pilothouse.authentication import legacytoken
from pilothouse.authentication.requestheader import RequestHeaderConfig
from pilothouse.controlplane import admission, audit, tracing
from pilothouse.controlplane.kinds import resource_of
from pilothouse.controlplane.token_issuer import JWTIssuer
from pilothouse.endpoints.response import dumps, render_error
from pilothouse.endpoints.scope import Services
from pilothouse.observability.logging import log
from pilothouse.registry.dependencies import Dependencies, KubeletClientConfig
from pilothouse.server.apiserver import ServerConfig
from pilothouse.server.chain import ChainConfig

if TYPE_CHECKING:
    from pilothouse.admission.interface import Lister
    from pilothouse.aggregator.resolver import Services as ServiceLookup
    from pilothouse.apimachinery.gvk import GroupResource
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.controlplane.authentication import Authentication
    from pilothouse.controlplane.authorization import Authorization
    from pilothouse.options.options import Options
    from pilothouse.registry.store import Store
    from pilothouse.server.filters.priority_and_fairness import FlowControl
    from pilothouse.storage.interface import Backend

DATABASE = "pilothouse.db"


def backend(options: Options) -> Backend:
    """The store that --storage-backend names; not opened yet."""
    if options.storage.storage_backend == "memory":
        from pilothouse.storage.memory import MemoryBackend

        return MemoryBackend()
    from pilothouse.storage.sqlite import SQLiteBackend

    return SQLiteBackend(Path(options.storage.data_dir) / DATABASE)


def request_header(options: Options) -> RequestHeaderConfig:
    """Which front proxies are believed, and what they may say. Raises OSError."""
    given = options.authentication
    return RequestHeaderConfig(
        authorities=[Path(given.requestheader_client_ca_file).read_bytes()],
        allowed_names=given.requestheader_allowed_names, username_headers=given.requestheader_username_headers,
        uid_headers=given.requestheader_uid_headers, group_headers=given.requestheader_group_headers,
        extra_header_prefixes=given.requestheader_extra_headers_prefix,
    )


def warn_about_headers(options: Options) -> None:
    """Extension servers of other makes send the standard headers (upstream: RequestHeaderAuthenticationOptions)."""
    given = options.authentication
    for flag, values, standard, sort in (
        ("username-headers", given.requestheader_username_headers, "X-Remote-User", "header"),
        ("group-headers", given.requestheader_group_headers, "X-Remote-Group", "header"),
        ("extra-headers-prefix", given.requestheader_extra_headers_prefix, "X-Remote-Extra-", "header prefix"),
    ):
        if values and standard.lower() not in (value.lower() for value in values):
            log.warning(f"--requestheader-{flag} is set without specifying the standard {standard} {sort} - "
                        "API aggregation will not work")


def authentication_info(options: Options) -> dict[str, str]:
    """What extension-apiserver-authentication tells extension servers (upstream: clusterauthenticationtrust,
    getConfigMapDataFor). Raises OSError."""
    client_ca = b"".join(path.read_bytes() for path in options.client_ca_files)
    found = {"client-ca-file": client_ca.decode()}
    front_proxy = request_header(options)
    if any(front_proxy.authorities):
        found["requestheader-client-ca-file"] = b"".join(front_proxy.authorities).decode()
        for key, values in (
            ("username-headers", front_proxy.username_headers), ("group-headers", front_proxy.group_headers),
            ("extra-headers-prefix", front_proxy.extra_header_prefixes), ("allowed-names", front_proxy.allowed_names),
        ):
            found[f"requestheader-{key}"] = dumps(values).decode()
        if front_proxy.uid_headers:
            found["requestheader-uid-headers"] = dumps(front_proxy.uid_headers).decode()
    return found


def dependencies(
    options: Options, stores: Mapping[GroupResource, Store], who: Authentication, access: Authorization
) -> Dependencies:
    """What the API groups need; `stores` may be filled later."""
    accounts, plane = options.service_accounts, options.control_plane
    issuer = JWTIssuer(accounts.service_account_issuer[0], Path(accounts.service_account_signing_key_file))
    if "service-account-signing-key-file" in options.given:
        issuer.check()
    first_port, last_port = plane.service_node_port_range
    return Dependencies(
        stores=lambda resource: stores[resource], resource_of=lambda gvk: resource_of(stores, gvk),
        enabled=options.feature_gates.enabled,
        authorizer=access.authorizer, rule_resolver=access.rules, rbac=access.rbac,
        authenticator=who.requests,
        token_issuer=issuer,
        max_token_expiration=int(accounts.service_account_max_token_expiration),
        extend_token_expiration=accounts.service_account_extend_token_expiration,
        api_audiences=options.authentication.api_audiences, service_ip_ranges=plane.service_cluster_ip_ranges,
        node_ports=range(first_port, last_port + 1), kubelet=kubelet_client(options),
        allow_privileged=plane.allow_privileged,
    )


def legacy_issuer(options: Options) -> JWTIssuer:
    """Signs tokens that stand in Secrets, as kube-controller-manager does."""
    return JWTIssuer(legacytoken.ISSUER, Path(options.service_accounts.service_account_signing_key_file))


def kubelet_client(options: Options) -> KubeletClientConfig:
    """How kubelets are reached."""
    kubelet = options.kubelet
    return KubeletClientConfig(
        certificate_authority=kubelet.kubelet_certificate_authority,
        client_certificate=kubelet.kubelet_client_certificate, client_key=kubelet.kubelet_client_key,
        preferred_address_types=kubelet.kubelet_preferred_address_types, timeout=kubelet.kubelet_timeout,
    )


def service_resolver(options: Options, services: ServiceLookup) -> ServiceResolver:
    """Finds the servers behind services, of APIServices and of webhooks."""
    bound = options.serving.bind_address
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104
    return ServiceResolver(
        services, (own, options.serving.secure_port), by_endpoints=options.aggregator.enable_aggregator_routing
    )


def aggregation(options: Options, services: ServiceLookup, resolver: ServiceResolver) -> AggregatorConfig:
    """How extension API servers are reached."""
    given = options.aggregator
    return AggregatorConfig(
        objects=services, resolver=resolver,
        client=Files("", given.proxy_client_cert_file, given.proxy_client_key_file),
        reject_redirects=given.aggregator_reject_forwarding_redirect,
    )


def server_config(
    options: Options, who: Authentication, authorizer: Authorizer, fair: FlowControl | None
) -> ServerConfig:
    """What all servers of the chain share; `fair` is priority and fairness, where it is asked for."""
    generic, headers = options.generic, options.authentication
    warn_about_headers(options)
    chain = ChainConfig(
        auditor=audit.build(options.audit),
        tracer=tracing.build(
            options.tracing.tracing_config_file, f"{generic.advertise_address}:{options.serving.secure_port}"
        ),
        front_proxy_headers=(
            *headers.requestheader_username_headers, *headers.requestheader_uid_headers,
            *headers.requestheader_group_headers,
        ),
        front_proxy_extra_prefixes=headers.requestheader_extra_headers_prefix,
        authenticator=who.requests, authorizer=authorizer,
        constrained_impersonation=options.feature_gates.enabled("ConstrainedImpersonation"),
        api_audiences=options.authentication.api_audiences,
        flow_control=fair, render=render_error, request_timeout=generic.request_timeout,
        max_requests_in_flight=generic.max_requests_inflight,
        max_mutating_requests_in_flight=generic.max_mutating_requests_inflight,
        hsts_directives=generic.strict_transport_security_directives,
        cors_allowed_origins=generic.cors_allowed_origins,
        goaway_chance=generic.goaway_chance if options.serving.http2_streams else 0.0,
        anonymous_http2_mitigation=(
            options.serving.http2_streams > 0 and options.feature_gates.enabled("UnauthenticatedHTTP2DOSMitigation")
        ),
        shutdown_delay=generic.shutdown_delay_duration,
    )
    return ServerConfig(
        chain=chain, livez_grace_period=generic.livez_grace_period, shutdown_delay=generic.shutdown_delay_duration,
        shutdown_timeout=generic.request_timeout,
    )


def services(
    options: Options, objects: Lister, stores: Mapping[GroupResource, Store], authorizer: Authorizer
) -> Services:
    """What all endpoints share."""
    return Services(
        admission=admission.build(options, objects, stores, authorizer),
        authorizer=authorizer, min_request_timeout=float(options.generic.min_request_timeout),
        compress=options.feature_gates.enabled("APIResponseCompression"),
    )
