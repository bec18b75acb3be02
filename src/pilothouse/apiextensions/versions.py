"""One version of a custom resource over objects that are stored in any (upstream: the codec that
crdConversionRESTOptionsGetter puts before the storage).

What is read is brought into the shape of its own version's schema (pruned, defaulted), converted, and brought into
the shape of the version asked for. What was written since the definition last changed, in the version asked for, has
that shape already, and its bytes go out as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.apiextensions.codec import encode, normal
from pilothouse.apiextensions.conversion import ConversionError
from pilothouse.apimachinery import status
from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.storage.interface import Item

if TYPE_CHECKING:
    from pilothouse.apiextensions.serving import Serving

Object = dict[str, Any]
_TURN_SECONDS: Final = 0.002
#: Objects, and bytes of them, in one conversion request.
_MOST_OBJECTS: Final = 500
_MOST_BYTES: Final = 1024 * 1024


class CustomVersion:
    """Implements `rest.Versions`."""

    def __init__(self, serving: Serving, name: str) -> None:
        self._serving = serving
        self._name = name
        self.api_version = serving.definition.api_version(name)
        self._head = b'{"apiVersion":%s,' % orjson.dumps(self.api_version)
        self._key = (self.api_version, serving.since)

    async def read(self, item: Item) -> Object:
        if self._stands(item):
            obj: Object = orjson.loads(item.body)
            return obj
        restored, = await self._restored((item,))
        return normal(restored)

    async def written(self, obj: Object) -> Object:
        serving = self._serving.instances.current()
        wanted = serving.definition.api_version(serving.definition.storage_version)
        shape = serving.shape(serving.definition.storage_version)
        if obj["apiVersion"] == wanted:
            # admission may have added what the schema does not know
            shape.prune(obj)
            if serving is self._serving:
                return obj
            shape.restore(obj)
            return normal(obj)
        converted, = await _converted(serving, [normal(obj)], wanted)
        try:
            shape.coerce(converted)
        except DecodeError as e:
            raise status.plain_internal(str(e)) from None
        # upstream defaults when it reads; what is stored here is what is read
        shape.default(converted)
        return normal(converted)

    async def shown(self, items: Sequence[Item]) -> Sequence[Item]:
        since, head = self._serving.since, self._head
        stale = [
            at for at, item in enumerate(items) if item.revision <= since or not item.body.startswith(head)
        ]
        if not stale:
            return items
        out = list(items)
        missing = []
        for at in stale:
            known = (items[at].renditions or {}).get(self._key)
            if known is None:
                missing.append(at)
            else:
                out[at] = _with_body(items[at], known)
        for part in _parts(missing, items):
            for at, obj in zip(part, await self._restored([items[at] for at in part]), strict=True):
                body = encode(obj)
                if body == items[at].body:
                    body = items[at].body
                _keep(items[at], self._key, body)
                out[at] = _with_body(items[at], body)
        return out

    def _stands(self, item: Item) -> bool:
        """Whether the bytes of `item` are what this version shows."""
        return item.revision > self._serving.since and item.body.startswith(self._head)

    async def _restored(self, items: Sequence[Item]) -> list[Object]:
        serving = self._serving
        objects: list[Object] = []
        others: list[int] = []
        until = time.perf_counter() + _TURN_SECONDS
        for at, item in enumerate(items):
            obj = orjson.loads(item.body)
            stored = obj["apiVersion"]
            await serving.prepare_for(stored)
            serving.shape_of(stored).restore(obj)
            objects.append(obj)
            if stored != self.api_version:
                others.append(at)
            if time.perf_counter() >= until:
                await asyncio.sleep(0)
                until = time.perf_counter() + _TURN_SECONDS
        if others:
            await serving.prepare(self._name)
            shape = serving.shape(self._name)
            for at, obj in zip(
                others, await _converted(serving, [objects[at] for at in others], self.api_version), strict=True
            ):
                try:
                    shape.coerce(obj)
                except DecodeError as e:
                    raise status.plain_internal(str(e)) from None
                objects[at] = obj
        return objects


def _parts(places: Sequence[int], items: Sequence[Item]) -> Iterator[list[int]]:
    """`places` in groups that can be converted at once."""
    part: list[int] = []
    size = 0
    for at in places:
        size += len(items[at].body)
        if part and (len(part) == _MOST_OBJECTS or size > _MOST_BYTES):
            yield part
            part, size = [], len(items[at].body)
        part.append(at)
    if part:
        yield part


async def _converted(serving: Serving, objects: list[Object], wanted: str) -> list[Object]:
    try:
        return await serving.converter.convert(objects, wanted)
    except ConversionError as e:
        raise status.plain_internal(str(e)) from None


def _with_body(item: Item, body: bytes) -> Item:
    if body is item.body:
        return item
    return Item(item.key, item.revision, body, item.labels, item.fields)


def _keep(item: Item, key: Any, data: bytes) -> None:
    if item.renditions is None:
        item.renditions = {}
    item.renditions[key] = data
