"""Validation of leases (upstream: pkg/apis/coordination/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.rules import Errors, Obj, member, non_negative, positive

_STRATEGIES: Final = ("OldestEmulationVersion",)


def validate_lease(lease: Obj) -> Errors:
    return member(lease, "spec", _validate_spec)


def _validate_spec(spec: Obj) -> Errors:
    errors = [*positive(spec, "leaseDurationSeconds"), *non_negative(spec, "leaseTransitions")]
    errors += member(spec, "strategy", _validate_strategy)
    if spec.get("preferredHolder") and not spec.get("strategy"):
        errors.append(field.forbidden("preferredHolder", "may only be specified if `strategy` is defined"))
    return errors


def _validate_strategy(strategy: str) -> Errors:
    # upstream names the field twice in the path: kept
    if "/" in strategy:
        return [field.invalid("strategy", strategy, text) for text in is_qualified_name(strategy)]
    if strategy in _STRATEGIES:
        return ()
    return (field.not_supported("strategy", strategy, _STRATEGIES),)
