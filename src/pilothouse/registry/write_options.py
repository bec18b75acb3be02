"""Checks of what comes with a write (upstream: k8s.io/apimachinery pkg/apis/meta/v1/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field

_POLICIES: Final = ("Foreground", "Background", "Orphan")


def validate_delete_options(
    propagation_policy: str | None, orphan_dependents: bool | None, dry_run: Sequence[str]
) -> list[field.Error]:
    """ValidateDeleteOptions."""
    errors: list[field.Error] = []
    path = "propagationPolicy"
    if orphan_dependents is not None and propagation_policy is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(field.invalid(path, propagation_policy, text))
    if propagation_policy not in (None, *_POLICIES):
        errors.append(field.not_supported(path, propagation_policy, (*_POLICIES, "nil")))
    return [*errors, *validate_dry_run(dry_run)]


def validate_dry_run(values: Sequence[str]) -> list[field.Error]:
    """ValidateDryRun."""
    if all(value == "All" for value in values):
        return []
    return [field.not_supported("dryRun", list(values), ("All",))]
