"""Patched and applied documents to Go's types (upstream: apimachinery pkg/runtime/converter.go).

Where a JSON decoder refuses a number that its type cannot hold, this converter cuts it to size, and what it refuses
it words in its own way. Documents that fit need none of this: it runs when the decoder has refused one.
"""

import math
from typing import Any

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.schema.scalars import scalar

_INTEGERS = {model.INT32: 32, model.INT64: 64}
_KINDS = {
    model.STRING: "string", model.BOOL: "bool", model.INT32: "int32", model.INT64: "int64", model.DOUBLE: "float64",
}
_OWN_DECODERS = (model.QUANTITY, model.INT_OR_STRING, model.TIME, model.MICRO_TIME, model.DURATION)


def converted(type: Type, value: Any) -> Any:
    """`value` as the converter would have it, for the decoder of `type`. Raises DecodeError with its wording."""
    if value is None:
        return None
    match type.kind:
        case model.STRUCT:
            if value.__class__ is not dict:
                raise DecodeError(f"cannot restore struct from: {_kind(value)}")
            return {name: _field(type, name, child) for name, child in value.items()}
        case model.MAP:
            if value.__class__ is not dict:
                raise DecodeError(f"cannot restore map from {_kind(value)}")
            values = type.values
            return value if values is None else {name: converted(values, child) for name, child in value.items()}
        case model.LIST:
            if value.__class__ is not list:
                raise DecodeError(f"cannot restore slice from {_kind(value)}")
            items = type.items
            return value if items is None else [converted(items, child) for child in value]
    return _scalar(type, value)


def _field(type: Type, name: str, value: Any) -> Any:
    field = type.fields.get(name)
    return value if field is None else converted(field.type, value)


def _scalar(type: Type, value: Any) -> Any:
    format = type.format
    if format == model.BYTES:
        if value.__class__ is not str:
            raise DecodeError(f"cannot restore slice from {_kind(value)}")
        try:
            return scalar(format, type.go_name)(value)
        except DecodeError as e:
            raise DecodeError(f"error decoding from json: {e}") from None
    if format in _OWN_DECODERS:
        scalar(format, type.go_name)(value)
    elif format in _KINDS:
        return _simple(type, value)
    return value


def _simple(type: Type, value: Any) -> Any:
    """Strings, booleans and numbers, which go no other way than between numbers."""
    format, kind = type.format, value.__class__
    if (format, kind) in ((model.STRING, str), (model.BOOL, bool)):
        return value
    numeric = format not in (model.STRING, model.BOOL)
    if numeric and kind is int:
        return value if format == model.DOUBLE else _cut(value, _INTEGERS[format])
    if numeric and kind is float:
        if format == model.DOUBLE:
            return value
        if math.isfinite(value) and value.is_integer():
            # beyond 64 bits Go gives what the processor does
            return _cut(int(value) if abs(value) < 2**63 else -(2**63), _INTEGERS[format])
    if (kind is float and numeric) or (kind is int and format == model.STRING):
        raise DecodeError(f"cannot convert {_kind(value)} to {type.go_name}")
    raise DecodeError(f"unrecognized type: {_KINDS[format]}")


def _cut(value: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def _kind(value: Any) -> str:
    """reflect's name of the kind of decoded JSON."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case list():
            return "slice"
    return "map"
