"""Protobuf bodies to objects in wire form (upstream: apimachinery pkg/runtime/serializer/protobuf, generated.proto).

Typed Go clients, kubectl's imperative commands among them, send built-in kinds in protobuf. The reader is compiled
from the type schema (`Field.proto_path`), one closure for each type; what it gives is JSON as a client could have
sent it, and goes through the same decoder afterwards.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Type

#: Four bytes before every message; then a runtime.Unknown.
MAGIC: Final = b"k8s\x00"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

#: From what the wire holds (an int, a float or bytes) to JSON.
Read = Callable[[Any], Any]


class ProtobufError(ValueError):
    """Not a protobuf message, or none of this type."""


class Envelope(NamedTuple):
    """A runtime.Unknown: what the message in `raw` is."""

    api_version: str
    kind: str
    raw: bytes


def open_envelope(data: bytes) -> Envelope:
    """Raises ProtobufError for what does not begin as upstream's messages do."""
    if not data.startswith(MAGIC):
        raise ProtobufError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    api_version = kind = ""
    raw = b""
    for number, value in _fields(data[len(MAGIC) :]):
        if number == 1:
            for part, text in _fields(_bytes(value)):
                if part == 1:
                    api_version = _text(text)
                elif part == 2:
                    kind = _text(text)
        elif number == 2:
            raw = _bytes(value)
    return Envelope(api_version, kind, raw)


def decode(type: Type, raw: bytes) -> dict[str, Any]:
    """The message `raw` of `type`, without kind and apiVersion. Raises ProtobufError."""
    try:
        found: dict[str, Any] = reader(type)(raw)
    except RecursionError:
        raise ProtobufError("exceeded max depth") from None
    return found


def reader(type: Type) -> Read:
    """The function that reads values of `type`."""
    found = type.compiled.get("protobuf")
    if found is None:

        def late(value: Any) -> Any:
            return type.compiled["protobuf"](value)  # type: ignore[operator]

        type.compiled["protobuf"] = late  # a type that contains itself meets this while it is compiled
        found = type.compiled["protobuf"] = _compile(type)
    return found  # type: ignore[return-value]


def _fields(data: bytes) -> list[tuple[int, Any]]:
    """(number, value) of every field of a message; bytes are not interpreted."""
    out: list[tuple[int, Any]] = []
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        match key & 7:
            case 2:
                size, at = _varint(data, at)
                value: Any = data[at : at + size]
                at += size
            case 0:
                value, at = _varint(data, at)
            case 1:
                value = data[at : at + 8]
                at += 8
                value = struct.unpack("<d", value)[0] if len(value) == 8 else None
            case 5:
                value = data[at : at + 4]
                at += 4
            case wire_type:
                raise ProtobufError(f"proto: illegal wireType {wire_type}")
        if at > end:
            raise ProtobufError("unexpected EOF")
        out.append((key >> 3, value))
    return out


def _varint(data: bytes, at: int) -> tuple[int, int]:
    try:
        byte = data[at]
        at += 1
        if byte < 0x80:
            return byte, at
        value, shift = byte & 0x7F, 7
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
            if shift >= 70:
                raise ProtobufError("proto: integer overflow")
    except IndexError:
        raise ProtobufError("unexpected EOF") from None


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("proto: wrong wireType for a message")
    return value


def _text(value: Any) -> str:
    return _bytes(value).decode(errors="replace")


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise ProtobufError("proto: wrong wireType for a number")
    return value - (1 << 64) if value >= 1 << 63 else value


def _number(value: Any) -> float:
    if not isinstance(value, float):
        raise ProtobufError("proto: wrong wireType for a double")
    return value


def _raw(value: Any) -> Any:
    """RawExtension, JSON and FieldsV1: JSON text in the first field."""
    content = dict(_fields(_bytes(value))).get(1)
    if not content:
        return None
    try:
        return orjson.loads(_bytes(content))
    except orjson.JSONDecodeError as e:
        raise ProtobufError(f"json: {e}") from None


def _moment(value: Any) -> datetime | None:
    parts = dict(_fields(_bytes(value)))
    if not parts:
        return None
    try:
        return _EPOCH + timedelta(seconds=_integer(parts.get(1, 0)), microseconds=_integer(parts.get(2, 0)) // 1000)
    except OverflowError:
        raise ProtobufError("timestamp out of range") from None


def _time(value: Any) -> str | None:
    moment = _moment(value)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(value: Any) -> str | None:
    moment = _moment(value)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _quantity(value: Any) -> str:
    return _text(dict(_fields(_bytes(value))).get(1, b"")) or "0"


def _int_or_string(value: Any) -> int | str:
    parts = dict(_fields(_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) else _integer(parts.get(2, 0))


def _duration(value: Any) -> str:
    return duration.format(_integer(dict(_fields(_bytes(value))).get(1, 0)))


_SCALARS: Final[Mapping[str, Read]] = {
    model.STRING: _text,
    model.BOOL: lambda value: bool(_integer(value)),
    model.INT32: _integer,
    model.INT64: _integer,
    model.DOUBLE: _number,
    model.BYTES: lambda value: base64.b64encode(_bytes(value)).decode(),
    model.QUANTITY: _quantity,
    model.INT_OR_STRING: _int_or_string,
    model.TIME: _time,
    model.MICRO_TIME: _micro_time,
    model.DURATION: _duration,
    model.RAW: _raw,
}
_NUMBERS = frozenset({model.BOOL, model.INT32, model.INT64})


def _compile(type: Type) -> Read:
    match type.kind:
        case model.STRUCT:
            return _compile_struct(type)
        case model.LIST:
            return _compile_wrapped_list(type)
        case model.SCALAR if type.format in _SCALARS:
            return _SCALARS[type.format]
        case model.SCALAR:
            return _compile_union(type)
    raise LookupError(f"no protobuf form of a {type.kind} by itself")


class _Plan:
    """How one message's fields are read: `values` set a name, `lists` append to it, `maps` put into it, and
    `embedded` messages hold more fields of the same struct."""

    def __init__(self) -> None:
        self.values: dict[int, tuple[str, Read]] = {}
        self.lists: dict[int, tuple[str, Read, bool]] = {}
        self.maps: dict[int, tuple[str, Read, Read]] = {}
        self.embedded: dict[int, _Plan] = {}

    def read(self, data: Any, out: dict[str, Any]) -> None:
        for number, value in _fields(_bytes(data)):
            if number in self.values:
                name, read = self.values[number]
                out[name] = read(value)
            elif number in self.lists:
                name, read, packable = self.lists[number]
                items = out.setdefault(name, [])
                if packable and value.__class__ is bytes:
                    items += map(read, _packed(value))
                else:
                    items.append(read(value))
            elif number in self.maps:
                name, read_key, read_value = self.maps[number]
                entry = dict(_fields(_bytes(value)))
                out.setdefault(name, {})[str(read_key(entry.get(1, b"")))] = read_value(entry.get(2, b""))
            elif number in self.embedded:
                self.embedded[number].read(value, out)


def _packed(data: bytes) -> list[int]:
    out: list[int] = []
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        out.append(value)
    return out


def _compile_struct(type: Type) -> Read:
    plan = _Plan()
    for field in type.fields.values():
        # kind and apiVersion of whole objects stand in the envelope, not in the message
        if not field.proto_path or (type.gvks and field.name in ("kind", "apiVersion")):
            continue
        *outer, number = field.proto_path
        inner = plan
        for step in outer:
            inner = inner.embedded.setdefault(step, _Plan())
        _add(inner, number, field.name, field.type)

    def read(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        plan.read(value, out)
        return out

    return read


def _add(plan: _Plan, number: int, name: str, type: Type) -> None:
    if type.kind == model.LIST:
        if type.items is None:
            raise LookupError(f"{name} is a list of nothing")
        plan.lists[number] = (name, reader(type.items), type.items.format in _NUMBERS)
    elif type.kind == model.MAP:
        if type.values is None:
            raise LookupError(f"{name} is a map of nothing")
        plan.maps[number] = (name, _text, reader(type.values))
    else:
        plan.values[number] = (name, reader(type))


def _compile_wrapped_list(type: Type) -> Read:
    """A list that stands in a map is a message of its own (ExtraValue)."""
    if type.items is None:
        raise LookupError("a list of nothing")
    item = reader(type.items)
    return lambda value: [item(v) for number, v in _fields(_bytes(value)) if number == 1]


def _compile_union(type: Type) -> Read:
    """A JSON schema, or what else may stand in its place (upstream: apiextensions v1 JSONSchemaPropsOr…)."""
    if type.items is None:
        raise LookupError(f"a {type.format} of nothing")
    schema = reader(type.items)

    def read(value: Any) -> Any:
        fields = _fields(_bytes(value))
        parts = dict(fields)
        match type.format:
            case model.SCHEMA_OR_BOOL:
                return schema(parts[2]) if 2 in parts else bool(_integer(parts.get(1, 0)))
            case model.SCHEMA_OR_ARRAY:
                return schema(parts[1]) if 1 in parts else [schema(v) for number, v in fields if number == 2]
        return schema(parts[1]) if 1 in parts else [_text(v) for number, v in fields if number == 2]

    return read
