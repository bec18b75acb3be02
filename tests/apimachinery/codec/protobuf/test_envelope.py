"""Envelopes, lists and watch frames."""

import pytest

from pilothouse.apimachinery.codec.protobuf import envelope
from pilothouse.apimachinery.codec.protobuf.envelope import Envelope, open_envelope
from pilothouse.apimachinery.schema.decode_error import DecodeError


def test_an_envelope_there_and_back() -> None:
    sealed = envelope.seal(envelope.head("Pod", "v1"), b"raw")
    assert sealed == b"k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x03raw\x1a\x00\x22\x00"
    assert open_envelope(sealed) == Envelope("v1", "Pod", b"raw")


def test_an_envelope_may_say_nothing() -> None:
    assert open_envelope(b"k8s\x00\x12\x00") == Envelope("", "", b"")


@pytest.mark.parametrize(("data", "message"), [
    (b"", "empty data"),
    (b"k8s", r"provided data does not appear to be a protobuf message, expected prefix \[107 56 115 0\]"),
    (b"k8s\x00", "empty body"),
    (b"k8s\x00\x0a\x05", "unexpected EOF"),
    (b"k8s\x00\x12", "unexpected EOF"),
    (b"k8s\x00\x10\x01", "proto: wrong wireType = 0 for field Raw"),
    (b"k8s\x00\x0f", "illegal wireType 7"),
])
def test_what_is_no_message(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        open_envelope(data)


def test_lists_are_joined_from_their_items() -> None:
    items = [envelope.list_item(b"a"), envelope.list_item(b"b")]
    head = envelope.head("PodList", "v1")
    whole = b"".join(envelope.seal_list(head, b"m", items))
    assert whole == envelope.seal(head, b"\x0a\x01m\x12\x01a\x12\x01b")


def test_the_lower_number_comes_first() -> None:
    head = envelope.head("L", "v1")
    whole = b"".join(envelope.seal_list(head, b"m", [envelope.list_item(b"a", 1)], numbers=(2, 1)))
    assert whole == envelope.seal(head, b"\x0a\x01a\x12\x01m")


def test_frames_have_their_length_before_them() -> None:
    assert envelope.frame("ADDED", b"sealed") == b"\x00\x00\x00\x11\x0a\x05ADDED\x12\x08\x0a\x06sealed"
