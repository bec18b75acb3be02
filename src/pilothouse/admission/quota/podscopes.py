"""Which quota scopes a pod falls under (upstream: pkg/quota/v1/evaluator/core/pods.go)."""

from collections.abc import Iterator, Mapping
from typing import Any

from pilothouse.apimachinery.quantity import parse

Pod = Mapping[str, Any]


def matches(selector: Mapping[str, Any], pod: Pod) -> bool:
    """`selector` is a ScopedResourceSelectorRequirement."""
    match selector.get("scopeName"):
        case "Terminating":
            return is_terminating(pod)
        case "NotTerminating":
            return not is_terminating(pod)
        case "BestEffort":
            return is_best_effort(pod)
        case "NotBestEffort":
            return not is_best_effort(pod)
        case "PriorityClass":
            name = pod["spec"].get("priorityClassName")
            return matches_names(selector, {name} if name else set())
        case "CrossNamespacePodAffinity":
            return any(
                term.get("namespaces") or term.get("namespaceSelector") is not None for term in _affinity_terms(pod)
            )
    return False


def matches_names(selector: Mapping[str, Any], names: set[str]) -> bool:
    """Whether one of `names` (or their absence) is what the selector asks for."""
    values = selector.get("values") or ()
    match selector.get("operator"):
        case "Exists":
            return bool(names)
        case "DoesNotExist":
            return not names
        case "In":
            return any(n in values for n in names)
        case "NotIn":
            return not names or any(n not in values for n in names)
    return False


def is_terminating(pod: Pod) -> bool:
    deadline = (pod.get("spec") or {}).get("activeDeadlineSeconds")
    return deadline is not None and deadline >= 0


def is_best_effort(pod: Pod) -> bool:
    """As its status says, or if it does not yet: the pod, or if it has no resources of its own no container, asks
    for, or is limited in, any cpu or memory."""
    if found := (pod.get("status") or {}).get("qosClass"):
        return bool(found == "BestEffort")
    spec = pod["spec"]
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    levels = [spec] if spec.get("resources") is not None else containers
    for level in levels:
        resources = level.get("resources") or {}
        for amounts in (resources.get("requests") or {}, resources.get("limits") or {}):
            if any(name in amounts and parse(str(amounts[name])).sign() > 0 for name in ("cpu", "memory")):
                return False
    return True


def _affinity_terms(pod: Pod) -> Iterator[Mapping[str, Any]]:
    affinity = pod["spec"].get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        yield from terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}
