"""Protobuf messages to JSON as a client could have sent it (upstream: generated.pb.go).

One closure is compiled for each type. What comes out goes through the type's own decoder (`schema.decode`), as
parsed JSON does; it fills in the zero values that are left out here.
"""

from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.codec.protobuf import wire
from pilothouse.apimachinery.codec.protobuf.layout import Place, is_message, layout
from pilothouse.apimachinery.codec.protobuf.scalars import SCALARS, Read, bytes_of, number_of
from pilothouse.apimachinery.codec.protobuf.wire import read_length, read_varint
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError
from pilothouse.apimachinery.schema.model import Field, Type

MAX_DEPTH = 100
"""Messages in messages. Go has no limit; the objects that come out must be no deeper than `codec.json.MAX_DEPTH`."""

#: Reads the message in data[start:end] into an object, at a depth.
_Fill = Callable[[bytes, int, int, dict[str, Any], int], None]
#: Reads what follows a tag into an object and gives the position behind it: (data, position, end, object, depth).
_Take = Callable[[bytes, int, int, dict[str, Any], int], int]


def decoder(type: Type) -> Callable[[bytes], dict[str, Any]]:
    """The function that reads messages of a struct. It raises DecodeError; fields nobody knows are skipped."""
    fill = _fill(type)

    def decode(data: bytes) -> dict[str, Any]:
        out: dict[str, Any] = {}
        try:
            fill(data, 0, len(data), out, 0)
        except IndexError:
            raise DecodeError(wire.UNEXPECTED_EOF) from None
        return out

    return decode


def _fill(type: Type) -> _Fill:
    found = type.compiled.get("protobuf-decode")
    if found is None:

        def late(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> None:
            type.compiled["protobuf-decode"](data, at, end, out, depth)  # type: ignore[operator]

        type.compiled["protobuf-decode"] = late  # a type that contains itself meets this while it is compiled
        name = type.go_name.rpartition(".")[2]
        found = type.compiled["protobuf-decode"] = _compile_struct(layout(type), name)
    return found  # type: ignore[return-value]


def _compile_struct(places: tuple[Place, ...], message: str) -> _Fill:
    takers: dict[int, _Take] = {}
    names: dict[int, str] = {}
    zeros: dict[int, str] = {}  # what Go always writes, mostly as a single zero byte
    for place in places:
        field = place.field
        if field is None:
            names[place.number] = message
            takers[place.number << 3 | wire.LENGTH] = _embedded(_compile_struct(place.embedded, message))
            continue
        names[place.number] = _go_name(field)
        for wire_type, take in _field(field):
            key = place.number << 3 | wire_type
            takers[key] = take
            if not field.pointer and field.type.format in _ZERO_IS_A_BYTE:
                zeros[key] = field.name

    def fill(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise DecodeError("exceeded max depth")
        while at < end:
            key = data[at]
            at += 1
            if key >= 0x80:
                key, at = read_varint(data, at - 1)
            if key in zeros and not data[at] and zeros[key] not in out:
                at += 1
                continue
            take = takers.get(key)
            if take is not None:
                at = take(data, at, end, out, depth)
            else:
                at = skip(data, at, end, key)
        if at > end:
            raise DecodeError(wire.UNEXPECTED_EOF)

    def skip(data: bytes, at: int, end: int, key: int) -> int:
        wire.check_tag(key, message)
        if key >> 3 in names:
            raise wire.wrong_wire_type(key & 7, names[key >> 3])
        return wire.skip(data, at, end, key & 7)

    return fill


_ZERO_IS_A_BYTE = frozenset({model.STRING, model.BOOL, model.INT32, model.INT64})


def _go_name(field: Field) -> str:
    """The Go field's name, as far as JSON's tells it."""
    if field.name == "metadata":
        return field.type.go_name.rpartition(".")[2]
    return field.name[:1].upper() + field.name[1:]


def _embedded(fill: _Fill) -> _Take:
    """An embedded message's fields are the struct's own."""

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        start, stop = _within(data, at, end)
        fill(data, start, stop, out, depth)
        return stop

    return take


def _within(data: bytes, at: int, end: int) -> tuple[int, int]:
    start = at + 1
    stop = start + data[at]
    if stop - start >= 0x80:
        start, stop = read_length(data, at)
    if stop > end:
        raise DecodeError(wire.UNEXPECTED_EOF)
    return start, stop


def _field(field: Field) -> list[tuple[int, _Take]]:
    """The wire types that a field may come in, and how each is taken."""
    name, type = field.name, field.type
    if type.kind == model.STRUCT:
        return [(wire.LENGTH, _takes_struct(name, _fill(type)))]
    if type.kind == model.MAP:
        take = _takes_entry(name, type)
        texts = type.values is not None and type.values.format == model.STRING
        return [(wire.LENGTH, _takes_text_entry(name, take) if texts else take)]
    if type.kind == model.LIST and not is_message(type):
        return _takes_items(name, type)
    if type.format == model.STRING and not field.pointer:
        return [(wire.LENGTH, _takes_text(name))]
    wire_type, read = _value(type)
    keep = field.pointer or type.kind == model.LIST or type.format in (model.BYTES, model.RAW)
    return [(wire_type, _takes_value(name, read, keep))]


def _takes_text(name: str) -> _Take:
    """Most of a message, and most of it empty: an empty text is as good as none."""

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        start = at + 1
        stop = start + data[at]
        if stop - start >= 0x80:
            start, stop = read_length(data, at)
        if stop > start:
            out[name] = str(data[start:stop], "utf-8", "replace")
        elif name in out:
            out[name] = ""
        return stop

    return take


def _takes_value(name: str, read: Read, keep: bool) -> _Take:
    """A zero value is as good as none, unless it is to be kept because Go tells it from nil."""

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        value, at = read(data, at, end, depth)
        if value or keep or name in out:
            out[name] = value
        return at

    return take


def _takes_struct(name: str, fill: _Fill) -> _Take:
    """A message that comes twice is one with the fields of both."""

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        start, stop = _within(data, at, end)
        fill(data, start, stop, out.setdefault(name, {}), depth + 1)
        return stop

    return take


def _takes_items(name: str, type: Type) -> list[tuple[int, _Take]]:
    if type.items is None:
        raise LookupError(f"{name} is a list of nothing")
    wire_type, read = _value(type.items)

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        value, at = read(data, at, end, depth)
        out.setdefault(name, []).append(value)
        return at

    def take_packed(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        at, stop = _within(data, at, end)
        items = out.setdefault(name, [])
        while at < stop:
            value, at = read(data, at, stop, depth)
            items.append(value)
        return at

    found: list[tuple[int, _Take]] = [(wire_type, take)]
    if wire_type != wire.LENGTH:
        found.append((wire.LENGTH, take_packed))
    return found


def _takes_entry(name: str, type: Type) -> _Take:
    """One entry of a map: the key in field 1, the value in field 2, each may be left out."""
    if type.values is None:
        raise LookupError(f"{name} is a map of nothing")
    _, read = _value(type.values)
    read_key = SCALARS[model.STRING].read
    scalar = SCALARS.get(type.values.format) if type.values.kind == model.SCALAR else None
    zero = scalar.zero if scalar is not None and scalar.zero is not None else b"\x00"

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        at, stop = _within(data, at, end)
        key: Any = ""
        value: Any = None
        while at < stop:
            tag, at = read_varint(data, at)
            match tag >> 3:
                case 1:
                    key, at = read_key(data, at, stop, depth)
                case 2:
                    value, at = read(data, at, stop, depth)
                case _:
                    wire.check_tag(tag, "MapEntry")
                    at = wire.skip(data, at, stop, tag & 7)
            if at > stop:
                raise DecodeError(wire.UNEXPECTED_EOF)
        if value is None:
            value, _ = read(zero, 0, len(zero), depth)
        out.setdefault(name, {})[key] = value
        return at

    return take


def _takes_text_entry(name: str, general: _Take) -> _Take:
    """A short way for the entries of labels and data, in the form in which everybody writes them."""

    def take(data: bytes, at: int, end: int, out: dict[str, Any], depth: int) -> int:
        start, stop = read_length(data, at)
        if stop > end or stop - start < 4 or data[start] != _KEY or data[start + 1] >= 0x80:
            return general(data, at, end, out, depth)
        key_stop = start + 2 + data[start + 1]
        if key_stop + 1 >= stop or data[key_stop] != _VALUE:
            return general(data, at, end, out, depth)
        value, value_stop = read_length(data, key_stop + 1)
        if value_stop != stop:
            return general(data, at, end, out, depth)
        entries = out.get(name)
        if entries is None:
            entries = out[name] = {}
        entries[str(data[start + 2 : key_stop], "utf-8", "replace")] = str(data[value:stop], "utf-8", "replace")
        return stop

    return take


_KEY, _VALUE = 1 << 3 | wire.LENGTH, 2 << 3 | wire.LENGTH


def _value(type: Type) -> tuple[int, Read]:
    """(wire type, how a value without a name of its own is read)."""
    if type.kind == model.STRUCT:
        return wire.LENGTH, _reads_struct(_fill(type))
    if type.kind == model.LIST:
        return wire.LENGTH, _reads_list(type)
    if type.format in _UNIONS:
        return wire.LENGTH, _reads_union(type)
    scalar = SCALARS[type.format]
    return scalar.wire_type, scalar.read


def _reads_struct(fill: _Fill) -> Read:
    def read(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
        start, stop = _within(data, at, end)
        out: dict[str, Any] = {}
        fill(data, start, stop, out, depth + 1)
        return out, stop

    return read


def _reads_list(type: Type) -> Read:
    """A list that is a message of its own."""
    made = _compile_struct((Place(1, Field("items", _repeated(type))),), type.go_name.rpartition(".")[2])

    def read(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
        start, stop = _within(data, at, end)
        out: dict[str, Any] = {"items": []}
        made(data, start, stop, out, depth + 1)
        return out["items"], stop

    return read


def _repeated(type: Type) -> Type:
    """The list that stands in such a message."""
    made = Type(model.LIST)
    made.items = type.items
    made.go_name = "[]"
    return made


def _reads_union(type: Type) -> Read:
    """A JSON schema, or what else may stand in its place (upstream: apiextensions v1 JSONSchemaPropsOr…)."""
    if type.items is None:
        raise LookupError(f"a {type.format} of nothing")
    schema = _fill(type.items)
    number, interpret = _UNIONS[type.format]

    def read(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
        def decoded(message: int | bytes) -> dict[str, Any]:
            out: dict[str, Any] = {}
            if message.__class__ is not bytes:
                raise wire.wrong_wire_type(wire.VARINT, "Schema")
            schema(message, 0, len(message), out, depth + 1)
            return out

        start, stop = _within(data, at, end)
        parts = wire.fields(data, start, stop, "JSONSchemaPropsOr")
        if number in parts:
            return decoded(bytes_of(parts, number, "Schema")), stop
        return interpret(parts, decoded), stop

    return read


_Parts = dict[int, list[int | bytes]]
_Decoded = Callable[[int | bytes], dict[str, Any]]


def _allows(parts: _Parts, decoded: _Decoded) -> bool:
    return bool(number_of(parts, 1, "Allows"))


def _schemas(parts: _Parts, decoded: _Decoded) -> list[Any] | None:
    return [decoded(message) for message in parts[2]] if 2 in parts else None


def _properties(parts: _Parts, decoded: _Decoded) -> list[str] | None:
    return [bytes_of({2: [value]}, 2, "Property").decode(errors="replace") for value in parts.get(2, ())] or None


#: The number of the schema, and what else there may be.
_UNIONS: dict[str, tuple[int, Callable[[_Parts, _Decoded], Any]]] = {
    model.SCHEMA_OR_BOOL: (2, _allows),
    model.SCHEMA_OR_ARRAY: (1, _schemas),
    model.SCHEMA_OR_STRINGS: (1, _properties),
}
