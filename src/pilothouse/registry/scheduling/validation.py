"""Validation of priority classes (upstream: pkg/apis/scheduling/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.registry.rules import NONE, Errors, Obj, immutable, required_one_of

_SYSTEM_PREFIX: Final = "system-"
_HIGHEST_OF_USERS: Final = 1_000_000_000
_SYSTEM_VALUES: Final = {
    "system-node-critical": 2 * _HIGHEST_OF_USERS + 1000, "system-cluster-critical": 2 * _HIGHEST_OF_USERS,
}
_POLICIES: Final = ("PreemptLowerPriority", "Never")


def validate_priority_class(priority_class: Obj) -> Errors:
    name, value = priority_class["metadata"].get("name") or "", priority_class.get("value") or 0
    errors = []
    if name.startswith(_SYSTEM_PREFIX):
        if text := _no_system_class(name, value, bool(priority_class.get("globalDefault"))):
            reserved = f"priority class names with '{_SYSTEM_PREFIX}' prefix are reserved for system use only. error: "
            errors.append(field.forbidden("metadata.name", reserved + text))
    elif value > _HIGHEST_OF_USERS:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_OF_USERS}"
        errors.append(field.forbidden("value", text))
    if priority_class.get("preemptionPolicy") is not None:
        errors += required_one_of(priority_class, "preemptionPolicy", _POLICIES)
    return errors


def validate_priority_class_update(priority_class: Obj, old: Obj) -> Errors:
    same = (priority_class.get("value") or 0) == (old.get("value") or 0)
    return [
        *(NONE if same else (field.forbidden("value", "may not be changed in an update."),)),
        *immutable(priority_class, old, "preemptionPolicy"),
    ]


def _no_system_class(name: str, value: int, global_default: bool) -> str:
    if name not in _SYSTEM_VALUES:
        return f"{name} is not a known system priority class"
    if value != _SYSTEM_VALUES[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM_VALUES[name]}"
    if global_default:
        return f"globalDefault of {name} PriorityClass must be false"
    return ""
