"""Objects in wire form to protobuf messages, byte for byte as Go writes them (upstream: generated.pb.go).

One closure is compiled for each type. Go's messages are odd in one way: what is no pointer, list or map is always
written, its zero value too.
"""

from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.codec.protobuf import wire
from pilothouse.apimachinery.codec.protobuf.layout import Place, is_message, layout
from pilothouse.apimachinery.codec.protobuf.scalars import SCALARS
from pilothouse.apimachinery.codec.protobuf.wire import delimited, tag
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Field, Type

#: From a value in wire form to its message, or to what follows a tag.
Encode = Callable[[Any], bytes]


def encoder(type: Type) -> Encode:
    """The function that gives the message of a struct's value, without a length before it."""
    found = type.compiled.get("protobuf-encode")
    if found is None:

        def late(value: Any) -> bytes:
            return type.compiled["protobuf-encode"](value)  # type: ignore[operator, no-any-return]

        type.compiled["protobuf-encode"] = late  # a type that contains itself meets this while it is compiled
        found = type.compiled["protobuf-encode"] = _compile_struct(layout(type))
    return found  # type: ignore[return-value]


def _compile_struct(places: tuple[Place, ...]) -> Encode:
    if any(place.field is None for place in places):
        parts = [_part(place) for place in places]
        return lambda obj: b"".join([part(obj) for part in parts])
    plan = [(place.field.name, *_field(place.number, place.field)) for place in places if place.field]

    def encode(obj: dict[str, Any]) -> bytes:
        get = obj.get
        return b"".join([absent if (v := get(name)) is None else put(v) for name, absent, put in plan])

    return encode


def _part(place: Place) -> Encode:
    """What a struct's value gives for one number; an embedded message takes its fields from the same value."""
    if place.field is None:
        start, inner = tag(place.number, wire.LENGTH), _compile_struct(place.embedded)
        return lambda obj: start + delimited(inner(obj))
    name = place.field.name
    absent, put = _field(place.number, place.field)
    return lambda obj: absent if (v := obj.get(name)) is None else put(v)


def _field(number: int, field: Field) -> tuple[bytes, Encode]:
    """(what stands for a value that was never set, the function for one that was), tags included."""
    type = field.type
    if type.kind == model.MAP:
        return b"", _entries(number, type)
    if type.kind == model.LIST and not is_message(type):
        return b"", _repeated(number, type)
    wire_type, encode = _value(type)
    start = tag(number, wire_type)
    zero = None if field.pointer else _zero(type)
    put = _struct(start, type) if type.kind == model.STRUCT else lambda value: start + encode(value)
    return b"" if zero is None else start + zero, put


def _repeated(number: int, type: Type) -> Encode:
    if type.items is None:
        raise LookupError("a list of nothing")
    put = _element(number, type.items)
    return lambda values: b"".join([put(v) for v in values])


def _entries(number: int, type: Type) -> Encode:
    """A map, as messages of a key and a value, in the order of the keys."""
    if type.values is None:
        raise LookupError("a map of nothing")
    start = tag(number, wire.LENGTH)
    put = _element(2, type.values)

    def encode(values: dict[str, Any]) -> bytes:
        return b"".join([
            start + delimited(b"\x0a" + delimited(key.encode()) + put(values[key])) for key in sorted(values)
        ])

    return encode


def _element(number: int, type: Type) -> Encode:
    """An item of a list or a value of a map, which may be null."""
    wire_type, encode = _value(type)
    start = tag(number, wire_type)
    if type.kind == model.STRUCT:
        return _struct(start, type)
    zero = start + (_zero(type) or b"\x00")
    return lambda value: zero if value is None else start + encode(value)


def _struct(start: bytes, type: Type) -> Encode:
    message = encoder(type)
    return lambda value: start + delimited(message(value or {}))


def _value(type: Type) -> tuple[int, Encode]:
    """(wire type, the function that gives what follows the tag)."""
    if type.kind == model.STRUCT:
        message = encoder(type)
        return wire.LENGTH, lambda value: delimited(message(value))
    if type.kind == model.LIST:
        items = _repeated(1, type)
        return wire.LENGTH, lambda values: delimited(items(values))
    if type.format in _UNIONS:
        union = _UNIONS[type.format](type)
        return wire.LENGTH, lambda value: delimited(union(value))
    scalar = SCALARS[type.format]
    return scalar.wire_type, scalar.encode


def _zero(type: Type) -> bytes | None:
    """What follows the tag of a value that was never set; None where Go writes nothing then."""
    if type.kind == model.STRUCT:
        return delimited(encoder(type)({}))
    return SCALARS[type.format].zero if type.format in SCALARS else None


def _schema_of(type: Type) -> Encode:
    if type.items is None:
        raise LookupError(f"a {type.format} of nothing")
    schema = encoder(type.items)
    return lambda value: delimited(schema(value))


def _schema_or_bool(type: Type) -> Encode:
    schema = _schema_of(type)
    return lambda value: (b"\x08\x01\x12" + schema(value)) if isinstance(value, dict) else b"\x08" + bytes((value,))


def _schema_or_array(type: Type) -> Encode:
    schema = _schema_of(type)
    return lambda value: (
        b"\x0a" + schema(value) if isinstance(value, dict) else b"".join([b"\x12" + schema(v) for v in value])
    )


def _schema_or_strings(type: Type) -> Encode:
    schema = _schema_of(type)
    return lambda value: (
        b"\x0a" + schema(value) if isinstance(value, dict)
        else b"".join([b"\x12" + delimited(v.encode()) for v in value])
    )


#: JSON schemas, or what else may stand in their place (upstream: apiextensions v1, JSONSchemaPropsOr…).
_UNIONS: dict[str, Callable[[Type], Encode]] = {
    model.SCHEMA_OR_BOOL: _schema_or_bool,
    model.SCHEMA_OR_ARRAY: _schema_or_array,
    model.SCHEMA_OR_STRINGS: _schema_or_strings,
}
