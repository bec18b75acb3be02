"""Objects of requests and answers, and what audit events leave out of them (upstream: pkg/audit/request.go,
copyWithoutManagedFields).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from pilothouse.apimachinery.aside import LIGHT_BYTES, aside
from pilothouse.audit.pieces import document

_FIELDS = b'"managedFields"'
_TABLE = b'{"kind":"Table",'


class Document(NamedTuple):
    """JSON in Go's form: `head`, `items` with commas between, and `tail`. A document in one piece is a head."""

    head: bytes
    items: Sequence[bytes] = ()
    tail: bytes = b""

    def joined(self) -> bytes:
        return b"".join((self.head, b",".join(self.items), self.tail)) if self.items or self.tail else self.head


async def without_managed_fields(given: Document | None) -> Document | None:
    """An object, a list or a table without the managedFields of its objects. Long ones are gone through aside, and item
    by item: each is short."""
    if given is None or not (_FIELDS in given.head or any(_FIELDS in item for item in given.items)):
        return given
    light = len(given.head) + sum(map(len, given.items)) <= LIGHT_BYTES
    return _without(given) if light else await aside(_without, given)


def _without(given: Document) -> Document:
    if not given.items and not given.tail:
        return Document(_document(given.head))
    strip = _row if given.head.startswith(_TABLE) else _object
    return given._replace(items=[strip(item) if _FIELDS in item else item for item in given.items])


def _document(data: bytes) -> bytes:
    value = orjson.loads(data)
    if not isinstance(value, dict):
        return data
    for holder in (value, *(value.get("items") or ()), *(row.get("object") for row in value.get("rows") or ())):
        _take_out(holder)
    return document(value)


def _object(data: bytes) -> bytes:
    value = orjson.loads(data)
    _take_out(value)
    return document(value)


def _row(data: bytes) -> bytes:
    value = orjson.loads(data)
    _take_out(value.get("object"))
    return document(value)


def _take_out(holder: Any) -> None:
    metadata = holder.get("metadata") if isinstance(holder, dict) else None
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
