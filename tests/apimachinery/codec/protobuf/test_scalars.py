"""Scalars in protobuf, as Go's types write and read them."""

from typing import Any

import pytest

from pilothouse.apimachinery.codec.protobuf.scalars import SCALARS
from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError


@pytest.mark.parametrize(("format", "value", "data"), [
    (model.STRING, "text", "0474657874"),
    (model.BOOL, True, "01"),
    (model.INT32, -1, "ff" * 9 + "01"),
    (model.INT64, 128, "8001"),
    (model.DOUBLE, 1.5, "000000000000f83f"),
    (model.BYTES, "AP8=", "0200ff"),
    (model.QUANTITY, "100m", "060a043130306d"),
    (model.INT_OR_STRING, 5, "06080010051a00"),
    (model.INT_OR_STRING, "50%", "09080110001a03353025"),
    (model.TIME, "1970-01-01T00:02:08Z", "050880011000"),
    (model.TIME, "1969-12-31T23:59:59Z", "0d08" + "ff" * 9 + "011000"),
    (model.MICRO_TIME, "1970-01-01T00:00:01.000001Z", "05080110e807"),
    (model.DURATION, "1s", "06088094ebdc03"),
    (model.RAW, {"a": 1}, "090a077b2261223a317d"),
])
def test_there_and_back(format: str, value: Any, data: str) -> None:
    scalar, wanted = SCALARS[format], bytes.fromhex(data)
    assert scalar.encode(value) == wanted
    assert scalar.read(wanted, 0, len(wanted), 0) == (value, len(wanted))


@pytest.mark.parametrize(("format", "value"), [
    (model.TIME, "0001-01-01T00:00:00Z"), (model.MICRO_TIME, "0001-01-01T00:00:00.000000Z"), (model.RAW, None),
    (model.QUANTITY, "0"), (model.INT_OR_STRING, 0), (model.DURATION, "0s"), (model.STRING, ""), (model.BYTES, ""),
])
def test_empty_messages(format: str, value: Any) -> None:
    assert SCALARS[format].read(b"\x00", 0, 1, 0) == (value, 1)


def test_times_have_the_precision_of_their_type() -> None:
    data = bytes.fromhex("080801108094ebdc03")
    assert SCALARS[model.TIME].read(data, 0, len(data), 0)[0] == "1970-01-01T00:00:01Z"


def test_text_that_is_no_utf8_is_repaired() -> None:
    assert SCALARS[model.STRING].read(b"\x02a\xff", 0, 3, 0)[0] == "a\ufffd"


@pytest.mark.parametrize(("format", "data", "message"), [
    (model.RAW, b"\x03\x0a\x01{", "unexpected end of JSON input"),
    (model.TIME, b"\x0a\x08" + b"\xff" * 8 + b"\x7f", "year outside of range"),
    (model.QUANTITY, b"\x02\x08\x01", "wrong wireType = 0 for field String_"),
    (model.DURATION, b"\x02\x0a\x00", "wrong wireType = 2 for field Duration"),
    (model.DOUBLE, b"1234567", "unexpected EOF"),
    (model.QUANTITY, b"\x09", "unexpected EOF"),
])
def test_what_is_none(format: str, data: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        SCALARS[format].read(data, 0, len(data), 0)
