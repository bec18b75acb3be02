"""Protobuf's wire format: varints, tags, and what is skipped (upstream: gogo/protobuf's generated code).

Readers work on positions in one `bytes`, so that nested messages are not copied. A position behind the end is an
IndexError, or is seen by the caller who knows where the message ends; both are told as Go does, "unexpected EOF".
"""

from typing import Final

from pilothouse.apimachinery.schema.decode_error import DecodeError

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
_START_GROUP, _END_GROUP, FIXED32 = 3, 4, 5

UNEXPECTED_EOF: Final = "unexpected EOF"
_OVERFLOW = "proto: integer overflow"
_NEGATIVE = "proto: negative length found during unmarshaling"

_U64 = (1 << 64) - 1
_SIGN = 1 << 63
_SHORT = tuple(bytes((n,)) for n in range(0x80))


def varint(value: int) -> bytes:
    """The bytes of a number; a negative one stands as its 64-bit complement, in ten bytes."""
    if 0 <= value < 0x80:
        return _SHORT[value]
    value &= _U64
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def delimited(data: bytes) -> bytes:
    """`data` with its length before it."""
    size = len(data)
    return _SHORT[size] + data if size < 0x80 else varint(size) + data


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """(unsigned number, position behind it). Raises DecodeError and IndexError."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value = byte & 0x7F
    byte = data[at]
    if byte < 0x80:
        return value | byte << 7, at + 1
    for shift in range(7, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _U64, at
    raise DecodeError(_OVERFLOW)


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """(start, end) of what a length announces. Raises DecodeError and IndexError."""
    size = data[at]
    if size < 0x80:
        return at + 1, at + 1 + size
    size, at = read_varint(data, at)
    if size >= _SIGN:
        raise DecodeError(_NEGATIVE)
    return at, at + size


def signed(value: int, bits: int) -> int:
    """The lowest `bits` of a varint as Go's intN."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def skip(data: bytes, at: int, end: int, wire_type: int) -> int:
    """The position behind a value (a group with all its fields) that nobody knows. Raises as the readers do."""
    depth = 0
    while True:
        match wire_type:
            case 0:
                _, at = read_varint(data, at)
            case 1:
                at += 8
            case 2:
                _, at = read_length(data, at)
            case 3:
                depth += 1
            case 4:
                depth -= 1
            case 5:
                at += 4
            case _:
                raise DecodeError(f"proto: illegal wireType {wire_type}")
        if depth <= 0:
            return at
        if at >= end:
            raise DecodeError(UNEXPECTED_EOF)
        key, at = read_varint(data, at)
        wire_type = key & 7


def check_tag(key: int, message: str) -> None:
    """Raises DecodeError for a tag that no message has. `message` is Go's name of the type."""
    if key & 7 == _END_GROUP:
        raise DecodeError(f"proto: {message}: wiretype end group for non-group")
    if signed(key >> 3, 32) <= 0:
        raise DecodeError(f"proto: {message}: illegal tag {signed(key >> 3, 32)} (wire type {key})")


def wrong_wire_type(wire_type: int, field: str) -> DecodeError:
    """`field` is Go's name of the field."""
    return DecodeError(f"proto: wrong wireType = {wire_type} for field {field}")


def fields(data: bytes, at: int, end: int, message: str) -> dict[int, list[int | bytes]]:
    """The values of a small message by field number, uninterpreted. Raises as the readers do."""
    out: dict[int, list[int | bytes]] = {}
    while at < end:
        key, at = read_varint(data, at)
        check_tag(key, message)
        value: int | bytes = b""
        if key & 7 == VARINT:
            value, at = read_varint(data, at)
        elif key & 7 == LENGTH:
            start, at = read_length(data, at)
            value = data[start:at]
        else:
            at = skip(data, at, end, key & 7)
        if at > end:
            raise DecodeError(UNEXPECTED_EOF)
        out.setdefault(key >> 3, []).append(value)
    return out
