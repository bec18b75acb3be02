"""Validation of the conditions upon which devices are bound (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.resource.names import limited, texts
from pilothouse.registry.rules import NONE, Errors, Obj, unique, within

_MOST_CONDITIONS: Final = 4
_GOOD, _BAD = "bindingConditions", "bindingFailureConditions"


def validate_binding_conditions(device: Obj) -> Errors:
    """Of devices in slices and of results of allocations."""
    good, bad = device.get(_GOOD), device.get(_BAD)
    if not good and not bad:
        return NONE
    errors: list[field.Error] = []
    for name in (_GOOD, _BAD):
        errors += within(name, limited(
            device.get(name), _MOST_CONDITIONS, lambda condition: texts(condition, is_qualified_name)
        ))
    errors += unique(device, _GOOD)
    errors += _failures(bad or [], good or [])
    if not good:
        text = f"{_GOOD} are required to use {_BAD}"
        errors.append(field.invalid(_GOOD, good, text))
    if not bad:
        text = f"{_BAD} are required to use {_GOOD}"
        errors.append(field.invalid(_BAD, bad, text))
    return errors


def _failures(bad: list[str], good: list[str]) -> Errors:
    errors, seen, known = [], set(), frozenset(good)
    for i, condition in enumerate(bad):
        if condition in seen:
            errors.append(field.duplicate(f"{_BAD}[{i}]", condition))
        seen.add(condition)
        if condition in known:
            errors.append(field.invalid(f"{_BAD}[{i}]", condition, f"{_BAD} must not overlap with {_GOOD}"))
    return errors
