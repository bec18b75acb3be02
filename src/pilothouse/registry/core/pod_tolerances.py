"""What a stored pod spec has and may keep, though it is not let in any more (upstream: pkg/api/pod/util.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pilothouse.apimachinery.validation import is_label_value
from pilothouse.registry.core.paths import is_local_path
from pilothouse.registry.core.pod_annotation_validation import DELETION_COST, is_deletion_cost
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.resource_names import is_divisible_by_page, is_huge_pages
from pilothouse.registry.core.security_validation import host_sysctl
from pilothouse.registry.core.windows_validation import containers_with_paths
from pilothouse.registry.rules import NONE, Errors, Obj, label_selector

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def tolerating(check: Callable[[PodRules], Errors], rules: PodRules, old: Obj) -> Errors:
    """Checks an update of `old`, a pod or a pod template. What `old` has is looked for only if `check` objects."""
    return check(tolerances(rules, old)) if check(rules) else NONE


def tolerances(rules: PodRules, old: Obj) -> PodRules:
    spec = old.get("spec") or {}
    cost = ((old.get("metadata") or {}).get("annotations") or {}).get(DELETION_COST)
    return replace(
        rules,
        invalid_deletion_cost=cost is not None and not is_deletion_cost(cost),
        invalid_selector_values=any(_has_invalid_value(s) for s in _affinity_selectors(spec)),
        invalid_spread_selectors=any(
            label_selector(c.get("labelSelector") or {}) for c in spec.get("topologySpreadConstraints") or ()
        ),
        invalid_required_node_values=_has_invalid_node_value(spec),
        indivisible_huge_pages=any(_has_broken_pages(c) for _, c in containers_with_paths(spec)),
        non_local_token_path=any(is_local_path(t.get("path") or "") for t in _tokens(spec)),
        host_sysctls=any(host_sysctl(s.get("name") or "", spec) for s in _context(spec).get("sysctls") or ()),
        selinux_policies=_context(spec).get("seLinuxChangePolicy") is not None,
        user_namespace_devices=spec.get("hostUsers") is False
        and any(c.get("volumeDevices") for _, c in containers_with_paths(spec)),
    )


def _context(spec: Obj) -> Any:
    return spec.get("securityContext") or {}


def _affinity_selectors(spec: Obj) -> Iterator[Obj]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(name) or {}
        weighted = [w.get("podAffinityTerm") or {} for w in pods.get(_PREFERRED) or ()]
        for term in [*(pods.get(_REQUIRED) or ()), *weighted]:
            for key in ("labelSelector", "namespaceSelector"):
                if term.get(key):
                    yield term[key]


def _has_invalid_value(selector: Obj) -> bool:
    return any(is_label_value(v) for e in selector.get("matchExpressions") or () for v in e.get("values") or ())


def _has_invalid_node_value(spec: Obj) -> bool:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    return any(_has_invalid_value(term) for term in required.get("nodeSelectorTerms") or ())


def _has_broken_pages(container: Obj) -> bool:
    resources = container.get("resources") or {}
    return any(
        is_huge_pages(name) and not is_divisible_by_page(name, amount)
        for what in ("limits", "requests")
        for name, amount in (resources.get(what) or {}).items()
    )


def _tokens(spec: Obj) -> Iterator[Obj]:
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                yield source["serviceAccountToken"]
