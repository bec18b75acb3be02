"""The options as the server reads them: one frozen dataclass for each concern.

Every field is the flag of the same name (`_` for `-`); durations are seconds, lists are tuples. Made by
`Options.parse`, filled in by `complete.complete`, checked by `validation.validate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from pilothouse.options import flagset, gates
from pilothouse.options.audit import AuditOptions
from pilothouse.options.authentication import AuthenticationOptions, ServiceAccountOptions
from pilothouse.options.gates import FeatureGates

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class GenericOptions:
    """The generic API server: how it names itself, what it admits at once, how it stops."""

    advertise_address: str
    cors_allowed_origins: tuple[str, ...]
    external_hostname: str
    goaway_chance: float
    livez_grace_period: float
    max_mutating_requests_inflight: int
    max_requests_inflight: int
    min_request_timeout: int
    request_timeout: float
    shutdown_delay_duration: float
    strict_transport_security_directives: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class StorageOptions:
    """Where objects are kept, and how long their history."""

    data_dir: str
    storage_backend: str
    etcd_compaction_interval: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ServingOptions:
    """The socket and its TLS. Empty certificate flags: the certificate that `transport.pki` makes."""

    bind_address: str
    secure_port: int
    disable_http2_serving: bool
    http2_max_streams_per_connection: int
    cert_dir: str
    """Where the serving certificate is made (completed: `pki` in the data directory, unless given)."""
    tls_cert_file: str
    tls_private_key_file: str
    tls_cipher_suites: tuple[str, ...]
    tls_min_version: str
    permit_address_sharing: bool
    permit_port_sharing: bool
    kubeconfig_out: str

    @property
    def http2_streams(self) -> int:
        """How many requests an HTTP/2 connection may have open; 0 where HTTP/2 is not spoken.

        upstream: server/secure_serving.go (its default is 100, whatever the flag's help says)
        """
        if self.disable_http2_serving:
            return 0
        return self.http2_max_streams_per_connection if self.http2_max_streams_per_connection > 0 else 100


@dataclass(frozen=True, kw_only=True, eq=False)
class AuthorizationOptions:
    """Which authorizers are asked, in order. Times in seconds."""

    authorization_config: str
    """A file that says everything; with it, no mode is set."""
    authorization_mode: tuple[str, ...]
    authorization_policy_file: str
    authorization_webhook_cache_authorized_ttl: float
    authorization_webhook_cache_unauthorized_ttl: float
    authorization_webhook_config_file: str
    authorization_webhook_version: str


@dataclass(frozen=True, kw_only=True, eq=False)
class AdmissionOptions:
    """Which admission plugins differ from the default set."""

    enable_admission_plugins: tuple[str, ...]
    disable_admission_plugins: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class APIOptions:
    """Which APIs are served: `runtime_config` as given ("apps/v1" → "false"; see controlplane/served.py)."""

    runtime_config: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureOptions:
    """Profiling and flow control."""

    enable_priority_and_fairness: bool
    profiling: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class TracingOptions:
    """Where spans of requests are sent, and of how many."""

    tracing_config_file: str


@dataclass(frozen=True, kw_only=True, eq=False)
class LoggingOptions:
    """How and how much is logged."""

    logging_format: str
    v: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ControlPlaneOptions:
    """What the built-in resources need to know."""

    allow_privileged: bool
    endpoint_reconciler_type: str
    event_ttl: float
    service_cluster_ip_range: str
    service_node_port_range: tuple[int, int]
    standalone_controllers: bool

    @property
    def service_cluster_ip_ranges(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.service_cluster_ip_range.split(",") if part.strip())


@dataclass(frozen=True, kw_only=True, eq=False)
class AggregatorOptions:
    """How extension API servers are reached. Completed: without certificate flags, and with our own front proxy
    authority, the pair that `transport.pki` makes."""

    aggregator_reject_forwarding_redirect: bool
    enable_aggregator_routing: bool
    proxy_client_cert_file: str
    proxy_client_key_file: str


@dataclass(frozen=True, kw_only=True, eq=False)
class KubeletOptions:
    """How kubelets are reached."""

    kubelet_certificate_authority: str
    kubelet_client_certificate: str
    kubelet_client_key: str
    kubelet_preferred_address_types: tuple[str, ...]
    kubelet_timeout: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """All of them together, and what the command line said beside."""

    generic: GenericOptions
    storage: StorageOptions
    serving: ServingOptions
    authentication: AuthenticationOptions
    service_accounts: ServiceAccountOptions
    authorization: AuthorizationOptions
    admission: AdmissionOptions
    audit: AuditOptions
    api: APIOptions
    features: FeatureOptions
    logging: LoggingOptions
    tracing: TracingOptions
    control_plane: ControlPlaneOptions
    kubelet: KubeletOptions
    aggregator: AggregatorOptions
    feature_gates: FeatureGates
    given: frozenset[str] = frozenset()
    """Names of the flags that were given."""
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Every flag's value as parsed."""
    parse_errors: tuple[str, ...] = ()

    def shown(self) -> dict[str, str]:
        """Every flag's value as text, without secrets (upstream: /flagz)."""
        return {name: flagset.shown(name, value) for name, value in self.values.items()}

    @property
    def pki_directory(self) -> Path:
        """Where `transport.pki` keeps what it makes."""
        return Path(self.storage.data_dir) / "pki"

    @property
    def ca_file(self) -> Path:
        """The server's own authority: what pods and kubeconfigs trust."""
        return self.pki_directory / "ca.crt"

    @property
    def client_ca_files(self) -> tuple[Path, ...]:
        """Authorities whose client certificates authenticate: our own, which signs the administrator's, and
        --client-ca-file."""
        given = self.authentication.client_ca_file
        return (self.ca_file, Path(given)) if given else (self.ca_file,)

    @classmethod
    def parse(cls, arguments: Sequence[str] = (), program: str = "kube-apiserver") -> Options:
        """Options of a command line. Never raises: `validation.validate` reports `parse_errors` with all others."""
        parsed = flagset.parse(arguments, program)
        feature_gates, gate_errors = gates.resolve(parsed.values["feature-gates"])
        return cls(
            generic=_pick(GenericOptions, parsed.values),
            storage=_pick(StorageOptions, parsed.values),
            serving=_pick(ServingOptions, parsed.values),
            authentication=_pick(AuthenticationOptions, parsed.values),
            service_accounts=_pick(ServiceAccountOptions, parsed.values),
            authorization=_pick(AuthorizationOptions, parsed.values),
            admission=_pick(AdmissionOptions, parsed.values),
            audit=_pick(AuditOptions, parsed.values),
            api=_pick(APIOptions, parsed.values),
            features=_pick(FeatureOptions, parsed.values),
            logging=_pick(LoggingOptions, parsed.values),
            tracing=_pick(TracingOptions, parsed.values),
            control_plane=_pick(ControlPlaneOptions, parsed.values),
            kubelet=_pick(KubeletOptions, parsed.values),
            aggregator=_pick(AggregatorOptions, parsed.values),
            feature_gates=feature_gates, given=parsed.given, values=parsed.values,
            parse_errors=(*parsed.errors, *gate_errors),
        )


def _pick(concern: type[T], values: Mapping[str, Any]) -> T:
    return concern(**{f.name: values[f.name.replace("_", "-")] for f in fields(concern)})  # type: ignore[arg-type]
