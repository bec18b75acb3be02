"""Custom resources in the forms that clients read (upstream: unstructured objects and lists)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import meta
from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.decode import Decoder, decoder
from pilothouse.endpoints.rendering import Rendering
from pilothouse.storage.interface import Item

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind
    from pilothouse.endpoints.rendering import Encode
    from pilothouse.registry.rest import Object, Versions


class CustomRendering(Rendering):
    """Stored bodies are whole objects, with kind and apiVersion: nothing is put in front of them."""

    def __init__(self, gvk: GroupVersionKind, list_kind: str, encode: Encode, versions: Versions) -> None:
        super().__init__(gvk, list_kind, encode)
        self.versions = versions
        self.prefix = b"{"
        self._list_head = b'{"apiVersion":%s,"items":[' % orjson.dumps(gvk.api_version)
        self._list_kind = orjson.dumps(list_kind)

    def list_frame(self, metadata: dict[str, Any]) -> tuple[bytes, bytes]:
        shown = orjson.dumps({"continue": "", **metadata}, option=orjson.OPT_SORT_KEYS)
        return self._list_head, b'],"kind":%s,"metadata":%s}' % (self._list_kind, shown)

    def object(self, item: Item) -> bytes:
        return item.body

    def metadata(self, item: Item, version: str) -> bytes:
        key = ("metadata", version)
        kept = item.renditions.get(key) if item.renditions is not None else None
        if kept is None:
            read = _object_meta()(orjson.loads(item.body).get("metadata") or {}, None)
            kept = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":%s}' % (
                version.encode(), escape(orjson.dumps(meta.ordered(read))),
            )
            if item.renditions is None:
                item.renditions = {}
            item.renditions[key] = kept
        return kept

    def computed(self, obj: Object) -> Item:
        return Item("", 0, self.encode(obj), {}, {})


def _object_meta() -> Decoder:
    """Puts metadata into Go's order, down to its managedFields."""
    type = catalog.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
    if type is None:
        raise LookupError("no schema for ObjectMeta")
    return decoder(type)
