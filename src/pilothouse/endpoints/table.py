"""Server-side printing: items as a meta.k8s.io Table (upstream: handlers/response.go, pkg/printers)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import orjson

from pilothouse.endpoints.rendering import Rendering
from pilothouse.endpoints.response import dumps
from pilothouse.registry.rest import Printer
from pilothouse.storage.interface import Item

_TURN_SECONDS = 0.002


class Tables:
    """Makes the tables of one kind."""

    def __init__(self, printer: Printer, rendering: Rendering, clock: Callable[[], float] = time.time) -> None:
        self._printer = printer
        self._rendering = rendering
        self._clock = clock

    @cached_property
    def definitions(self) -> bytes:
        """columnDefinitions as JSON."""
        return dumps([
            {
                "name": column.name, "type": column.type, "format": column.format,
                "description": column.description, "priority": column.priority,
            }
            for column in self._printer.columns
        ])

    def head(self, version: str, metadata: dict[str, Any], *, columns: bool = True) -> bytes:
        """A table up to its first row; `metadata` is its ListMeta."""
        return b'{"kind":"Table","apiVersion":"meta.k8s.io/%s","metadata":%s,"columnDefinitions":%s,"rows":[' % (
            version.encode(), orjson.dumps(metadata), self.definitions if columns else b"null",
        )

    def row(self, item: Item, include: str, version: str) -> bytes:
        """One row; `include` says which object it carries: "Metadata", "Object" or "None"."""
        obj = orjson.loads(item.body)
        cells = self._printer.cells(obj, self._clock())
        conditions = self._printer.conditions(obj)
        match include:
            case "None":
                carried = b"null"
            case "Object":
                carried = self._rendering.object(item)
            case _:
                carried = self._rendering.metadata(item, version)
        return b'{"cells":%s,%s"object":%s}' % (
            dumps(cells), b'"conditions":%s,' % dumps(conditions) if conditions else b"", carried
        )

    def one(self, item: Item, include: str, version: str, revision: str, *, columns: bool = True) -> bytes:
        """A table with one row."""
        head = self.head(version, {"resourceVersion": revision} if revision else {}, columns=columns)
        return head + self.row(item, include, version) + b"]}"


async def mapped(items: Sequence[Item], make: Callable[[Item], bytes]) -> list[bytes]:
    """`make` of every item, giving way to the event loop every two milliseconds."""
    out: list[bytes] = []
    until = time.perf_counter() + _TURN_SECONDS
    for item in items:
        out.append(make(item))
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _TURN_SECONDS
    return out
