"""Scalars in protobuf (upstream: the types' own Marshal and Unmarshal, generated.pb.go of intstr, resource, meta v1).

Some of JSON's scalars are messages here: quantities, times, durations, numbers or texts, and kept JSON.
"""

import binascii
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.codec import json
from pilothouse.apimachinery.codec.protobuf import wire
from pilothouse.apimachinery.codec.protobuf.wire import delimited, varint
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError, TimeOutOfRange

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO_TIMES = {model.TIME: "0001-01-01T00:00:00Z", model.MICRO_TIME: "0001-01-01T00:00:00.000000Z"}
_STRING_KIND = 1
"""IntOrString's type when it holds a text."""


#: `read(data, start, end, depth)` gives the value for JSON and where it stops, `end` being where the message around
#: it does; it may raise IndexError, and stop behind `end`.
Read = Callable[[bytes, int, int, int], tuple[Any, int]]


class Scalar(NamedTuple):
    """`encode` gives what follows the tag; `zero` is the same for a value that was never set, or None where Go writes
    nothing then."""

    wire_type: int
    zero: bytes | None
    encode: Callable[[Any], bytes]
    read: Read


def _read_text(data: bytes, at: int, end: int, depth: int) -> tuple[str, int]:
    start, stop = wire.read_length(data, at)
    return str(data[start:stop], "utf-8", "replace"), stop


def _read_bytes(data: bytes, at: int, end: int, depth: int) -> tuple[str, int]:
    start, stop = wire.read_length(data, at)
    return binascii.b2a_base64(data[start:stop], newline=False).decode(), stop


def _read_bool(data: bytes, at: int, end: int, depth: int) -> tuple[bool, int]:
    value, stop = wire.read_varint(data, at)
    return bool(value), stop


def _reads_integer(bits: int) -> Read:
    def read(data: bytes, at: int, end: int, depth: int) -> tuple[int, int]:
        value, stop = wire.read_varint(data, at)
        return value if value < 0x80 else wire.signed(value, bits), stop

    return read


def _read_double(data: bytes, at: int, end: int, depth: int) -> tuple[float, int]:
    found = data[at : at + 8]
    if len(found) < 8:
        raise DecodeError(wire.UNEXPECTED_EOF)
    return struct.unpack("<d", found)[0], at + 8


def _message(name: str, interpret: Callable[[dict[int, list[int | bytes]]], Any]) -> Read:
    """Reads a scalar that is a message; `interpret` gets the values of its fields by number."""

    def read(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
        start, stop = wire.read_length(data, at)
        if stop > end:
            raise DecodeError(wire.UNEXPECTED_EOF)
        return interpret(wire.fields(data, start, stop, name)), stop

    return read


def number_of(parts: dict[int, list[int | bytes]], field: int, name: str, bits: int = 64) -> int:
    """The number in `field`, 0 if it is not there. Raises DecodeError for a text."""
    value = parts[field][-1] if field in parts else 0
    if value.__class__ is not int:
        raise wire.wrong_wire_type(wire.LENGTH, name)
    return wire.signed(value, bits)


def bytes_of(parts: dict[int, list[int | bytes]], field: int, name: str) -> bytes:
    """The bytes in `field`, none if it is not there. Raises DecodeError for a number."""
    value = parts[field][-1] if field in parts else b""
    if value.__class__ is not bytes:
        raise wire.wrong_wire_type(wire.VARINT, name)
    return value


def _quantity(parts: dict[int, list[int | bytes]]) -> str:
    return bytes_of(parts, 1, "String_").decode(errors="replace") if 1 in parts else "0"


def _int_or_string(parts: dict[int, list[int | bytes]]) -> int | str:
    if number_of(parts, 1, "Type") == _STRING_KIND:
        return bytes_of(parts, 3, "StrVal").decode(errors="replace")
    return number_of(parts, 2, "IntVal", 32)


def _encode_int_or_string(value: int | str) -> bytes:
    if value.__class__ is int:
        return delimited(b"\x08\x00\x10%b\x1a\x00" % varint(value))
    return delimited(b"\x08\x01\x10\x00\x1a" + delimited(str(value).encode()))


def _duration(parts: dict[int, list[int | bytes]]) -> str:
    return duration.format(number_of(parts, 1, "Duration"))


def _raw(parts: dict[int, list[int | bytes]]) -> Any:
    """Kept JSON; nothing at all is null."""
    found = bytes_of(parts, 1, "Raw")
    if not found:
        return None
    try:
        return json.loads(found)
    except json.SyntaxError as e:
        raise DecodeError(str(e)) from None


def _encode_raw(value: Any) -> bytes:
    return delimited(b"\x0a" + delimited(orjson.dumps(value)))


def _reads_time(format: str) -> Callable[[dict[int, list[int | bytes]]], str]:
    micro = format == model.MICRO_TIME
    precision = "microseconds" if micro else "seconds"

    def interpret(parts: dict[int, list[int | bytes]]) -> str:
        if not parts:
            return _ZERO_TIMES[format]
        seconds, nanos = number_of(parts, 1, "Seconds"), number_of(parts, 2, "Nanos", 32)
        try:
            moment = _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000 if micro else 0)
        except OverflowError:
            raise TimeOutOfRange from None
        return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"

    return interpret


@lru_cache(maxsize=1024)
def _encode_time(value: str) -> bytes:
    """A time of either precision, in the form that JSON decoding gives."""
    passed = datetime.fromisoformat(value) - _EPOCH
    seconds = passed.days * 86400 + passed.seconds
    return delimited(b"\x08%b\x10%b" % (varint(seconds), varint(passed.microseconds * 1000)))


def _encode_quantity(value: str) -> bytes:
    return delimited(b"\x0a" + delimited(value.encode()))


def _encode_duration(value: str) -> bytes:
    return delimited(b"\x08" + varint(duration.parse(value)))


SCALARS: Final[Mapping[str, Scalar]] = {
    model.STRING: Scalar(wire.LENGTH, b"\x00", lambda v: delimited(v.encode()), _read_text),
    model.BOOL: Scalar(wire.VARINT, b"\x00", lambda v: b"\x01" if v else b"\x00", _read_bool),
    model.INT32: Scalar(wire.VARINT, b"\x00", varint, _reads_integer(32)),
    model.INT64: Scalar(wire.VARINT, b"\x00", varint, _reads_integer(64)),
    model.DOUBLE: Scalar(wire.FIXED64, bytes(8), struct.Struct("<d").pack, _read_double),
    model.BYTES: Scalar(wire.LENGTH, None, lambda v: delimited(binascii.a2b_base64(v)), _read_bytes),
    model.QUANTITY: Scalar(wire.LENGTH, _encode_quantity("0"), _encode_quantity, _message("Quantity", _quantity)),
    model.INT_OR_STRING: Scalar(
        wire.LENGTH, _encode_int_or_string(0), _encode_int_or_string, _message("IntOrString", _int_or_string)
    ),
    model.TIME: Scalar(wire.LENGTH, b"\x00", _encode_time, _message("Timestamp", _reads_time(model.TIME))),
    model.MICRO_TIME: Scalar(wire.LENGTH, b"\x00", _encode_time, _message("Timestamp", _reads_time(model.MICRO_TIME))),
    model.DURATION: Scalar(wire.LENGTH, _encode_duration("0s"), _encode_duration, _message("Duration", _duration)),
    model.RAW: Scalar(wire.LENGTH, b"\x00", _encode_raw, _message("RawExtension", _raw)),
}
