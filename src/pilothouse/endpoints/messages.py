"""Stored items in protobuf (upstream: serializer/protobuf). Messages are made once for each revision and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.codec.protobuf import envelope, kinds, unlisted
from pilothouse.apimachinery.codec.protobuf.encode import Encode, encoder
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.endpoints.negotiation import META_GROUP
from pilothouse.endpoints.table import mapped
from pilothouse.registry.rest import Object

if TYPE_CHECKING:
    from pilothouse.endpoints.rendering import Rendering
    from pilothouse.storage.interface import Item


class Messages:
    """The protobuf forms of one kind in one version. All raise 406 for a kind that has none."""

    def __init__(self, rendering: Rendering, list_kind: str) -> None:
        self._rendering = rendering
        self._key = ("protobuf", rendering.gvk)
        self._head = envelope.head(rendering.gvk.kind, rendering.gvk.api_version)
        self._list_head = envelope.head(list_kind, rendering.gvk.api_version)

    @cached_property
    def encode(self) -> Encode:
        """From an object to its bare message."""
        return encoder(kinds.message_type(self._rendering.gvk))

    def object(self, item: Item) -> bytes:
        """The whole object in its envelope."""
        return envelope.seal(self._head, self._message(item))

    def metadata(self, item: Item, version: str) -> bytes:
        """A PartialObjectMetadata of meta.k8s.io/`version` in its envelope."""
        return envelope.seal(_partial_head("PartialObjectMetadata", version), self._partial(item, version))

    async def object_list(self, items: Sequence[Item], metadata: dict[str, Any]) -> list[bytes]:
        """The pieces of a list in its envelope; `metadata` is its ListMeta."""
        listed = await mapped(items, lambda item: envelope.list_item(self._message(item)))
        return envelope.seal_list(self._list_head, _list_meta(metadata), listed)

    async def metadata_list(self, items: Sequence[Item], metadata: dict[str, Any], version: str) -> list[bytes]:
        """The pieces of a PartialObjectMetadataList in its envelope."""
        numbers = unlisted.partial_list_numbers(version)
        listed = await mapped(items, lambda item: envelope.list_item(self._partial(item, version), numbers[1]))
        head = _partial_head("PartialObjectMetadataList", version)
        return envelope.seal_list(head, _list_meta(metadata), listed, numbers=numbers)

    def computed(self, obj: Object) -> bytes:
        """An object that stands in no storage, in its envelope."""
        return envelope.seal(self._head, self.encode(obj))

    def _message(self, item: Item) -> bytes:
        found = item.renditions.get(self._key) if item.renditions is not None else None
        if found is None:
            found = self.encode(orjson.loads(self._rendering.body(item)))
            _keep(item, self._key, found)
        return found

    def _partial(self, item: Item, version: str) -> bytes:
        """The message is the same in both versions."""
        key = ("protobuf", "metadata")
        found = item.renditions.get(key) if item.renditions is not None else None
        if found is None:
            found = _partial_encoder(version)(orjson.loads(self._rendering.metadata(item, version)))
            _keep(item, key, found)
        return found


def _keep(item: Item, key: Any, data: bytes) -> None:
    if item.renditions is None:
        item.renditions = {}
    item.renditions[key] = data


def _partial_head(kind: str, version: str) -> bytes:
    return envelope.head(kind, f"{META_GROUP}/{version}")


def _partial_encoder(version: str) -> Encode:
    return encoder(kinds.message_type(GroupVersionKind(META_GROUP, version, "PartialObjectMetadata")))


def _list_meta(metadata: dict[str, Any]) -> bytes:
    return encoder(unlisted.list_meta())(metadata)
