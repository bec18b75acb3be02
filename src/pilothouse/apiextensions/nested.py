"""Fields at dotted paths (upstream: unstructured.NestedInt64, NestedString, SetNestedField)."""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery.patch import goprint

Object = dict[str, Any]


class AccessError(ValueError):
    """A value of another type than is expected, in Go's words."""


def split(path: str) -> list[str]:
    """".spec.replicas" in steps."""
    return path.removeprefix(".").split(".")


def nested(obj: Object, steps: list[str]) -> tuple[Any, bool]:
    """The value and whether it is there. Raises AccessError where a step leads through what is no object."""
    value: Any = obj
    for at, step in enumerate(steps):
        if value is None:
            return None, False
        if value.__class__ is not dict:
            raise _error(steps[:at], value, "map[string]interface{}")
        if step not in value:
            return None, False
        value = value[step]
    return value, True


def nested_int(obj: Object, steps: list[str]) -> tuple[int, bool]:
    """Raises AccessError."""
    value, found = nested(obj, steps)
    if not found:
        return 0, False
    if value.__class__ is not int:
        raise _error(steps, value, "int64")
    return value, True


def nested_text(obj: Object, steps: list[str]) -> tuple[str, bool]:
    """Raises AccessError."""
    value, found = nested(obj, steps)
    if not found:
        return "", False
    if value.__class__ is not str:
        raise _error(steps, value, "string")
    return value, True


def set_nested(obj: Object, steps: list[str], value: Any) -> None:
    """Makes the objects on the way. Raises ValueError where one is something else."""
    at = obj
    for i, step in enumerate(steps[:-1]):
        inner = at.setdefault(step, {})
        if inner.__class__ is not dict:
            where = _json_path(steps[: i + 1])
            raise ValueError(f"value cannot be set because {where} is not a map[string]interface{{}}")
        at = inner
    at[steps[-1]] = value


def _error(steps: list[str], value: Any, wanted: str) -> AccessError:
    have = goprint.type_name(value)
    return AccessError(
        f"{_json_path(steps)} accessor error: {goprint.plain(value)} is of the type {have}, expected {wanted}"
    )


def _json_path(steps: list[str]) -> str:
    return f".{'.'.join(steps)}"
