"""Validation of pod disruption budgets (upstream: pkg/apis/policy/validation)."""

from __future__ import annotations

from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.validation import is_percent
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.rules import (
    NOT_NEGATIVE,
    Errors,
    Obj,
    go_struct,
    label_selector,
    label_selector_after,
    member,
    non_negative,
    one_of,
    within,
)

_EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
_COUNTS: Final = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def validate_disruption_budget(budget: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored budget: a fault that its selector has may stay."""
    spec = budget.get("spec") or {}
    errors = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = go_struct(
            spec, MinAvailable=None, Selector=None, MaxUnavailable=None, UnhealthyPodEvictionPolicy=None
        )
        errors.append(field.invalid("", shown, "minAvailable and maxUnavailable cannot be both set"))
    errors += member(spec, "minAvailable", validate_share)
    errors += member(spec, "maxUnavailable", validate_share)
    check = label_selector if old is None else label_selector_after((old.get("spec") or {}).get("selector"))
    errors += member(spec, "selector", check)
    if spec.get("unhealthyPodEvictionPolicy") is not None:
        errors += one_of(spec, "unhealthyPodEvictionPolicy", _EVICTION_POLICIES)
    return within("spec", errors)


def validate_share(share: Any) -> Errors:
    """A count, or a percentage of at most 100%."""
    if not isinstance(share, str):
        return (field.invalid("", share, NOT_NEGATIVE),) if share < 0 else ()
    texts = is_percent(share)
    if not texts and whole(share[:-1]) > 100:
        texts = ["must not be greater than 100%"]
    return [field.invalid("", share, text) for text in texts]


def validate_disruption_budget_status(budget: Obj) -> Errors:
    status = budget.get("status") or {}
    return within("status", [
        *validate_conditions(status), *(error for name in _COUNTS for error in non_negative(status, name))
    ])
