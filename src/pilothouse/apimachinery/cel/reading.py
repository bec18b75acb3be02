"""Turns JSON values into the CEL values of their declared types (apiserver pkg/cel/common/valuesunstructured.go).

Most JSON values are CEL values already. The others are read when an expression uses them: date-times, durations,
bytes, integers where a number is declared, and lists with a list type.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.cel import times
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.types import ListType, StructType, Type
from pilothouse.apimachinery.cel.values import Duration, EvaluationError, KeyedList, SetList, Timestamp

Reader = Callable[[Any], Any]


def _timestamp(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parsed = times.parse_timestamp(value) or times.parse_timestamp(f"{value}T00:00:00Z")
    if parsed is None:
        parsed = times.parse_timestamp(value.upper().replace(" ", "T", 1))
    if parsed is None:
        raise EvaluationError(f"Invalid date-time format, input: {value}")
    return Timestamp(parsed.nanoseconds, parsed.offset)


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parsed = times.parse_duration(value.strip())
    if parsed is None:
        raise EvaluationError(f"Invalid duration format, input: {value}")
    return Duration(parsed.nanoseconds)


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationError(f"invalid base64 input: {value}") from None


def _double(value: Any) -> Any:
    return float(value) if type(value) is int else value


_SCALARS: dict[str, Reader] = {
    t.TIMESTAMP: _timestamp, t.DURATION: _duration, t.BYTES: _bytes, t.DOUBLE: _double,
}


def scalar_reader(declared: Type) -> Reader | None:
    """How a value that is no list, map or object is read; None when it stands for itself."""
    return _SCALARS.get(declared.kind)


def deep_reader(declared: Type, seen: tuple[str, ...] = ()) -> Reader | None:
    """How a whole value is read; None when all of it stands for itself. Types that contain themselves stop there."""
    if declared.reader is None:
        found = _deep_reader(declared, seen)
        if seen:
            return found
        declared.reader = (found,)
    return declared.reader[0]


def _deep_reader(declared: Type, seen: tuple[str, ...]) -> Reader | None:
    if declared.kind == t.LIST:
        return _list_reader(declared, seen)
    if declared.kind == t.MAP:
        inner = deep_reader(declared.params[1], seen)
        if inner is None or declared.params[1].kind == t.DOUBLE:
            return None
        return lambda value: {k: inner(v) for k, v in value.items()} if isinstance(value, dict) else value
    if isinstance(declared, StructType):
        return _struct_reader(declared, seen)
    return _SCALARS.get(declared.kind)


def _list_reader(declared: Type, seen: tuple[str, ...]) -> Reader | None:
    inner = deep_reader(declared.params[0], seen)
    if declared.params[0].kind == t.DOUBLE:
        inner = None  # an int in its place is equal and is ordered alike
    shape = declared.list_type if isinstance(declared, ListType) else ""
    keys = declared.keys if isinstance(declared, ListType) else ()

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        items = value if inner is None else [inner(v) for v in value]
        if shape == "set":
            return SetList(items)
        return KeyedList(items, keys) if shape == "map" else items

    return None if inner is None and shape not in ("set", "map") else read


def _struct_reader(declared: StructType, seen: tuple[str, ...]) -> Reader | None:
    if declared.name in seen:
        return None
    readers = {}
    for declared_field in declared.fields.values():
        inner = deep_reader(declared_field.type, (*seen, declared.name))
        if inner is not None and declared_field.type.kind != t.DOUBLE:
            readers[declared_field.property] = inner
    if not readers:
        return None

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: readers[k](v) if k in readers else v for k, v in value.items()}

    return read
