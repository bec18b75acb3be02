"""What the checks of one pod spec have to know (upstream: core/validation PodValidationOptions, pkg/api/pod).

Rules have become stricter over time. What an older server let in may stay: `tolerances` finds out what that is.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilothouse.registry.dependencies import Dependencies

Obj = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodRules:
    """`is_pod`: the spec is a pod's, not a template's. `privileged`: whether containers may be that (flag
    --allow-privileged). `pod_certificates` and `scheduling_groups`: whether the gates of these fields are on
    (PodCertificateRequest, GenericWorkload). The rest is what the stored object has and may keep.
    """

    is_pod: bool = False
    privileged: bool = False
    pod_certificates: bool = False
    scheduling_groups: bool = False
    invalid_deletion_cost: bool = False
    invalid_selector_values: bool = False
    invalid_spread_selectors: bool = False
    invalid_required_node_values: bool = False
    indivisible_huge_pages: bool = False
    non_local_token_path: bool = False
    host_sysctls: bool = False
    selinux_policies: bool = False
    user_namespace_devices: bool = False


def pod_rules(dependencies: "Dependencies", *, is_pod: bool = False) -> PodRules:
    """The rules of this server's pods or templates."""
    return PodRules(
        is_pod=is_pod, privileged=dependencies.allow_privileged,
        pod_certificates=dependencies.enabled("PodCertificateRequest"),
        scheduling_groups=dependencies.enabled("GenericWorkload"),
    )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts of a pod spec that the checks of its containers refer to."""

    rules: PodRules
    #: The valid volumes by name.
    volumes: Mapping[str, Obj] = field(default_factory=dict)
    #: Names in spec.resourceClaims.
    claims: Set[str] = frozenset()
    grace_period: int | None = None
    #: spec.os.name, None where spec.os is not set.
    os: str | None = None
    restart_policy: str = ""
    host_users: bool = True
