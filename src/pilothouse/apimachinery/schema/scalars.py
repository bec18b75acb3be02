"""Scalars: from decoded JSON to what Go's decode-then-encode gives (upstream: the types' own UnmarshalJSON).

Each function takes a value that is not None and returns its canonical JSON form, or raises DecodeError.
"""

import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pilothouse.apimachinery import duration, quantity
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError, NumberMismatch, TimeOutOfRange, TypeMismatch

Scalar = Callable[[Any], Any]

#: What Go writes for a scalar that was never set.
ZEROS: dict[str, Any] = {
    model.STRING: "", model.BOOL: False, model.INT32: 0, model.INT64: 0, model.DOUBLE: 0, model.BYTES: None,
    model.QUANTITY: "0", model.INT_OR_STRING: 0, model.TIME: None, model.MICRO_TIME: None, model.DURATION: "0s",
    model.RAW: None, model.SCHEMA_OR_ARRAY: None, model.SCHEMA_OR_BOOL: False, model.SCHEMA_OR_STRINGS: None,
}
#: Formats that are structs in Go: `omitempty` does not leave them out.
STRUCT_LIKE = frozenset(ZEROS) - {
    model.STRING, model.BOOL, model.INT32, model.INT64, model.DOUBLE, model.BYTES,
}

RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_MICRO = "2006-01-02T15:04:05.000000Z07:00"
_ZERO_TIME = "0001-01-01T00:00:00Z"
_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_REST = re.compile(r"(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$", re.ASCII)


def scalar(format: str, go_type: str) -> Scalar:
    """The function for a scalar type; `go_type` is named when a value does not fit."""
    match format:
        case model.STRING:
            return _exactly(str, go_type)
        case model.BOOL:
            return _exactly(bool, go_type)
        case model.INT32:
            return _integer(31, go_type)
        case model.INT64:
            return _integer(63, go_type)
        case model.DOUBLE:
            return _double(go_type)
        case model.INT_OR_STRING:
            return int_or_string
        case model.BYTES:
            return _text(base64_text, go_type)
        case model.QUANTITY:
            return quantity_text
        case model.TIME:
            return _text(time_text, "string")
        case model.MICRO_TIME:
            return _text(micro_time_text, "string")
        case model.DURATION:
            return _text(duration_text, "string")
    return lambda value: value


def _exactly(kind: type, go_type: str) -> Scalar:
    def decode(value: Any) -> Any:
        if value.__class__ is not kind:
            raise TypeMismatch(value, go_type)
        return value

    return decode


def _integer(bits: int, go_type: str) -> Scalar:
    limit = 1 << bits

    def decode(value: Any) -> Any:
        if value.__class__ is int and -limit <= value < limit:
            return value
        raise NumberMismatch(value, go_type) if value.__class__ in (int, float) else TypeMismatch(value, go_type)

    return decode


def _double(go_type: str) -> Scalar:
    def decode(value: Any) -> Any:
        if value.__class__ is int:
            return value
        if value.__class__ is not float:
            raise TypeMismatch(value, go_type)
        return int(value) if value.is_integer() and abs(value) < 1e21 else value  # Go prints 1.0 as 1

    return decode


def _text(convert: Scalar, go_type: str) -> Scalar:
    def decode(value: Any) -> Any:
        if value.__class__ is not str:
            raise TypeMismatch(value, go_type)
        return convert(value)

    return decode


_INT32 = _integer(31, "int32")


def int_or_string(value: Any) -> Any:
    return value if value.__class__ is str else _INT32(value)


def quantity_text(value: Any) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case str():
            text = value
        case int() | float():
            text = str(value)
        case _:
            raise DecodeError(quantity.FORMAT_WRONG)
    try:
        return quantity.canonical(text)
    except quantity.QuantityError as e:
        raise DecodeError(str(e)) from None


def base64_text(value: str) -> str:
    """Standard base64 with padding; line breaks are dropped, as Go does."""
    if "\n" in value or "\r" in value:
        value = value.replace("\n", "").replace("\r", "")
    try:
        return binascii.b2a_base64(binascii.a2b_base64(value, strict_mode=True), newline=False).decode()
    except ValueError:
        raise DecodeError(f"illegal base64 data at input byte {_base64_fault(value)}") from None


def _base64_fault(value: str) -> int:
    """Where Go says that the text goes wrong: the first odd character, or the last incomplete group of four."""
    for i, c in enumerate(value):
        if not (c.isascii() and (c.isalnum() or c in "+/")):
            padding = c == "=" and i % 4 >= 2 and value[i:] in ("=", "==")
            return len(value) if padding else i
    return len(value) // 4 * 4


@lru_cache(maxsize=1024)
def time_text(value: str) -> str | None:
    """RFC 3339 to whole seconds in UTC; Go's zero time is None."""
    moment, _ = _parse_time(value, RFC3339)
    text = _utc(moment)
    return None if text == _ZERO_TIME else text


def micro_time_text(value: str) -> str | None:
    """RFC 3339 with exactly six digits of a second, in UTC; Go's zero time is None."""
    moment, fraction = _parse_time(value, RFC3339_MICRO)
    if len(fraction) != 6:
        rest = value[19:]
        raise _time_error(value, RFC3339_MICRO, rest, ".000000")
    text = f"{_utc(moment)[:-1]}.{fraction}Z"
    return None if text == "0001-01-01T00:00:00.000000Z" else text


def _utc(moment: datetime) -> str:
    try:
        text = moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError:
        raise TimeOutOfRange from None
    return text[:-6] + "Z"


def _parse_time(value: str, layout: str) -> tuple[datetime, str]:
    if not _SECONDS.match(value):
        raise _time_error(value, layout, *_first_misfit(value))
    rest = _REST.match(value, 19)
    if rest is None:
        raise _time_error(value, layout, value[19:], "Z07:00")
    try:
        return datetime.fromisoformat(value[:19] + rest[2]), rest[1] or ""
    except ValueError as e:
        what = str(e).split(" ", 1)[0]
        unit = what if what in ("month", "day", "hour", "minute", "second") else "day"
        raise DecodeError(f"parsing time {go_quote(value)}: {unit} out of range") from None


def _first_misfit(value: str) -> tuple[str, str]:
    """(rest of the value, part of the layout) where a time stops looking like one."""
    at = 0
    for digits, separator, name in ((4, "-", "2006"), (2, "-", "01"), (2, "T", "02"), (2, ":", "15"), (2, ":", "04")):
        part = value[at : at + digits]
        if len(part) < digits or not (part.isascii() and part.isdigit()):
            return value[at:], name
        at += digits
        if value[at : at + 1] != separator:
            return value[at:], separator
        at += 1
    return value[at:], "05"


def _time_error(value: str, layout: str, rest: str, expected: str) -> DecodeError:
    quoted = [go_quote(text) for text in (value, layout, rest, expected)]
    return DecodeError(f"parsing time {quoted[0]} as {quoted[1]}: cannot parse {quoted[2]} as {quoted[3]}")


def duration_text(value: str) -> str:
    try:
        return duration.format(duration.parse(value))
    except ValueError as e:
        raise DecodeError(str(e)) from None
