"""What the Pod Security Standards said (upstream: k8s.io/pod-security-admission/metrics)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pilothouse.admission.podsecurity.policy import LATEST, PRIVILEGED
from pilothouse.observability.metrics import REGISTRY, Registry

if TYPE_CHECKING:
    from pilothouse.admission.interface import Attributes
    from pilothouse.admission.podsecurity.policy import LevelVersion

ALLOW, DENY = "allow", "deny"
ENFORCE, AUDIT, WARN = "enforce", "audit", "warn"
_REQUEST: Final = ("request_operation", "resource", "subresource")
#: The newest version whose checks are known by number.
_NEWEST: Final = 36


class PodSecurityMetrics:
    """Nothing is exempt here, so that exemptions stay without series."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self._evaluations = registry.counter(
            "pod_security_evaluations_total",
            "Number of policy evaluations that occurred, not counting ignored or exempt requests.",
            ("decision", "policy_level", "policy_version", "mode", *_REQUEST),
        )
        registry.counter(
            "pod_security_exemptions_total",
            "Number of exempt requests, not counting ignored or out of scope requests.", _REQUEST,
        )
        self._errors = registry.counter(
            "pod_security_errors_total",
            "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted "
            "profile being used for evaluation.", ("fatal", *_REQUEST),
        )
        for operation in ("create", "update"):
            self._evaluations.labels(ALLOW, PRIVILEGED, "latest", ENFORCE, operation, "pod", "")

    def evaluated(self, a: Attributes, policy: LevelVersion, mode: str, decision: str) -> None:
        """`mode` is ENFORCE, AUDIT or WARN; `decision` ALLOW or DENY."""
        self._evaluations.inc(decision, policy.level, _version(policy), mode, *_request(a))

    def failed(self, a: Attributes, *, fatal: bool) -> None:
        self._errors.inc("true" if fatal else "false", *_request(a))


def _version(policy: LevelVersion) -> str:
    if policy.version == LATEST or policy.level == PRIVILEGED:
        return "latest"
    return f"v1.{policy.version}" if policy.version <= _NEWEST else "future"


def _request(a: Attributes) -> tuple[str, str, str]:
    kinds = {"pods": "pod", "namespaces": "namespace"}
    kind = "controller" if a.resource.group else kinds.get(a.resource.resource, "controller")
    return a.operation.lower(), kind, a.subresource
