"""Validation of runtime classes (upstream: pkg/apis/node/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.metavalidation import validate_labels
from pilothouse.apimachinery.names import is_dns_label
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.resource_validation import container_resources
from pilothouse.registry.core.scheduling_validation import validate_tolerations
from pilothouse.registry.node_labels import DEPRECATED
from pilothouse.registry.rules import Errors, Obj, anchored, go_struct, immutable, member, required_matching, within

_RULES: Final = PodRules()
_check_labels: Final = anchored(validate_labels)


def validate_runtime_class(runtime_class: Obj) -> Errors:
    errors = [*required_matching(runtime_class, "handler", is_dns_label)]
    errors += member(runtime_class, "overhead", _validate_overhead)
    errors += member(runtime_class, "scheduling", _validate_scheduling)
    return errors


def validate_runtime_class_update(runtime_class: Obj, old: Obj) -> Errors:
    return [*validate_runtime_class(runtime_class), *immutable(runtime_class, old, "handler", zero="")]


def runtime_class_warnings(runtime_class: Obj) -> list[str]:
    labels = (runtime_class.get("scheduling") or {}).get("nodeSelector") or {}
    return [f"scheduling.nodeSelector: {DEPRECATED[label]}" for label in labels if label in DEPRECATED]


def _validate_overhead(overhead: Obj) -> Errors:
    # paths say "limits", as if these were a container's: kept
    return container_resources({"limits": overhead.get("podFixed")}, frozenset(), _RULES)


def _validate_scheduling(scheduling: Obj) -> Errors:
    return [*member(scheduling, "nodeSelector", _check_labels), *member(scheduling, "tolerations", _tolerations)]


def _tolerations(tolerations: Sequence[Obj]) -> Errors:
    errors = [*validate_tolerations(tolerations)]
    seen = set()
    for i, toleration in enumerate(tolerations):
        key = tuple(toleration.get(name) or "" for name in ("key", "operator", "value", "effect"))
        if key in seen:
            shown = go_struct(toleration, Key="", Operator="", Value="", Effect="", TolerationSeconds=None)
            errors += within(f"[{i}]", (field.duplicate("", shown),))
        seen.add(key)
    return errors
