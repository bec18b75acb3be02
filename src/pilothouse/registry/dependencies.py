"""What the API groups need of the server they are part of; handed to `groups.build`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind

if TYPE_CHECKING:
    from pilothouse.authentication.interface import Authenticator
    from pilothouse.authorization.interface import Authorizer, RuleResolver
    from pilothouse.authorization.rbac import RBACAuthorizer
    from pilothouse.registry.store import Store


class Stores(Protocol):
    """Finds the storage of a resource. Asked while requests run, never while groups are built."""

    def __call__(self, resource: GroupResource, /) -> Store: ...


class TokenIssuer(Protocol):
    """Signs service account tokens (upstream: pkg/serviceaccount TokenGenerator)."""

    def issue(self, claims: Mapping[str, Any]) -> str:
        """A signed JWT with `claims`; the issuer claim ("iss") is added here."""
        ...


def _no_stores(resource: GroupResource) -> Store:
    raise LookupError(f"no storage of {resource} was handed to the API groups")


def _no_gate(gate: str) -> bool:
    return False


def _no_resource(gvk: GroupVersionKind) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class KubeletClientConfig:
    """How kubelets are reached (upstream: pkg/kubelet/client). The files are PEM, "" for none: without an authority
    a kubelet's certificate is not verified. `timeout` are the seconds that a connection may take."""

    certificate_authority: str = ""
    client_certificate: str = ""
    client_key: str = ""
    preferred_address_types: tuple[str, ...] = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
    timeout: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Everything is optional: what is missing makes only those requests fail that need it.

    `max_token_expiration` is in seconds, 0 for no limit. `service_ip_ranges` are CIDRs, the first one
    decides the default family. `node_ports` is the range of --service-node-port-range. `clock` gives Unix seconds.
    `allow_privileged`: whether containers may be privileged. `rbac` knows the stored roles and bindings, whether
    or not it is among the authorizers. `resource_of` finds the resource of a served kind, "" for none. `enabled` tells
    whether a feature gate is.
    """

    stores: Stores = _no_stores
    enabled: Callable[[str], bool] = _no_gate
    resource_of: Callable[[GroupVersionKind], str] = _no_resource
    authorizer: Authorizer | None = None
    rule_resolver: RuleResolver | None = None
    rbac: RBACAuthorizer | None = None
    authenticator: Authenticator | None = None
    token_issuer: TokenIssuer | None = None
    api_audiences: tuple[str, ...] = ()
    max_token_expiration: int = 0
    extend_token_expiration: bool = True
    service_ip_ranges: tuple[str, ...] = ("10.0.0.0/24",)
    node_ports: range = range(30000, 32768)
    allow_privileged: bool = False
    kubelet: KubeletClientConfig = field(default_factory=KubeletClientConfig)
    clock: Callable[[], float] = time.time
