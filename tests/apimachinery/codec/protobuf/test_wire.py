"""Protobuf's wire format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.codec.protobuf import wire
from pilothouse.apimachinery.schema.decode_error import DecodeError


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_there_and_back(value: int) -> None:
    data = wire.varint(value)
    unsigned, stop = wire.read_varint(data + b"\x01", 0)
    assert (wire.signed(unsigned, 64), stop) == (value, len(data))


@pytest.mark.parametrize(("value", "data"), [
    (0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (-1, "ff" * 9 + "01"),
])
def test_known_numbers(value: int, data: str) -> None:
    assert wire.varint(value).hex() == data


def test_int32_is_cut_off() -> None:
    assert wire.signed((1 << 32) + 5, 32) == 5
    assert wire.signed((1 << 32) - 1, 32) == -1


def test_lengths_stand_before_what_they_count() -> None:
    assert wire.delimited(b"ab") == b"\x02ab"
    assert wire.delimited(b"x" * 200)[:2] == b"\xc8\x01"
    assert wire.read_length(wire.delimited(b"x" * 200), 0) == (2, 202)


@pytest.mark.parametrize(("data", "message"), [
    (b"\xff" * 11, "proto: integer overflow"),
    (b"\xff" * 9 + b"\x01", "proto: negative length found during unmarshaling"),
])
def test_bad_lengths(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        wire.read_length(data, 0)


@pytest.mark.parametrize(("data", "wire_type", "stop"), [
    (b"\x80\x01", 0, 2), (b"x" * 8, 1, 8), (b"\x02ab", 2, 3), (b"xxxx", 5, 4),
    (b"\x08\x01\x0b\x10\x02\x0c\x04!", 3, 7),
])
def test_what_nobody_knows_is_skipped(data: bytes, wire_type: int, stop: int) -> None:
    assert wire.skip(data, 0, len(data), wire_type) == stop


def test_groups_end() -> None:
    with pytest.raises(DecodeError, match="unexpected EOF"):
        wire.skip(b"\x08\x01", 0, 2, 3)
    with pytest.raises(DecodeError, match="illegal wireType 6"):
        wire.skip(b"", 0, 0, 6)


@pytest.mark.parametrize(("key", "message"), [
    (0, r"proto: Pod: illegal tag 0 \(wire type 0\)"), (12, "proto: Pod: wiretype end group for non-group"),
    (1 << 34 | 2, r"illegal tag -2147483648"),
])
def test_tags_that_no_message_has(key: int, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        wire.check_tag(key, "Pod")


def test_fields_of_small_messages() -> None:
    assert wire.fields(b"\x08\x01\x12\x01a\x12\x01b\x1d1234", 0, 13, "X") == {1: [1], 2: [b"a", b"b"], 3: [b""]}
    with pytest.raises(DecodeError, match="unexpected EOF"):
        wire.fields(b"\x12\x05a", 0, 3, "X")
