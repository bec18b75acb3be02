"""What stands around protobuf messages: the magic prefix, a runtime.Unknown, lists and watch frames.

Upstream: apimachinery pkg/runtime/serializer/protobuf, pkg/util/framer, meta/v1 WatchEvent.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from pilothouse.apimachinery.codec.protobuf import wire
from pilothouse.apimachinery.codec.protobuf.scalars import bytes_of
from pilothouse.apimachinery.codec.protobuf.wire import delimited, varint
from pilothouse.apimachinery.schema.decode_error import DecodeError

MAGIC: Final = b"k8s\x00"
_NO_ENCODING_NO_TYPE: Final = b"\x1a\x00\x22\x00"


class Envelope(NamedTuple):
    """A runtime.Unknown: what the message in `raw` is, as far as it says so."""

    api_version: str
    kind: str
    raw: bytes


def open_envelope(data: bytes) -> Envelope:
    """Raises DecodeError for what does not begin as upstream's messages do, or is broken."""
    if not data:
        raise DecodeError("empty data")
    if not data.startswith(MAGIC):
        raise DecodeError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    if len(data) == len(MAGIC):
        raise DecodeError("empty body")
    try:
        unknown = wire.fields(data, len(MAGIC), len(data), "Unknown")
        api_version, kind = _named(bytes_of(unknown, 1, "TypeMeta"))
    except IndexError:
        raise DecodeError(wire.UNEXPECTED_EOF) from None
    return Envelope(api_version, kind, bytes_of(unknown, 2, "Raw"))


@lru_cache(maxsize=256)
def _named(type_meta: bytes) -> tuple[str, str]:
    """apiVersion and kind."""
    named = wire.fields(type_meta, 0, len(type_meta), "TypeMeta")
    return (
        bytes_of(named, 1, "APIVersion").decode(errors="replace"), bytes_of(named, 2, "Kind").decode(errors="replace")
    )


def head(kind: str, api_version: str) -> bytes:
    """An envelope up to the length of its message."""
    type_meta = b"\x0a" + delimited(api_version.encode()) + b"\x12" + delimited(kind.encode())
    return MAGIC + b"\x0a" + delimited(type_meta) + b"\x12"


def seal(head: bytes, message: bytes) -> bytes:
    """The whole envelope around a message."""
    return head + delimited(message) + _NO_ENCODING_NO_TYPE


def seal_list(
    head: bytes, metadata: bytes, items: Sequence[bytes], *, numbers: tuple[int, int] = (1, 2)
) -> list[bytes]:
    """The pieces of an envelope around a list; `metadata` is the message of its ListMeta, `items` are made by
    `list_item`. `numbers` are those of metadata and items: Go writes the lower one first."""
    meta = wire.tag(numbers[0], wire.LENGTH) + delimited(metadata)
    size = len(meta) + sum(map(len, items))
    start = head + varint(size)
    if numbers[0] > numbers[1]:
        return [start, *items, meta + _NO_ENCODING_NO_TYPE]
    return [start + meta, *items, _NO_ENCODING_NO_TYPE]


def list_item(message: bytes, number: int = 2) -> bytes:
    """An item as it stands in its list."""
    return wire.tag(number, wire.LENGTH) + delimited(message)


def frame(event_type: str, sealed: bytes) -> bytes:
    """A watch event around a sealed object, with its length in four bytes before it."""
    extension = b"\x0a" + delimited(sealed)
    event = b"\x0a" + delimited(event_type.encode()) + b"\x12" + delimited(extension)
    return len(event).to_bytes(4, "big") + event
