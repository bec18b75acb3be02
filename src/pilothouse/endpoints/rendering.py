"""Stored items in the forms that clients read (idea 2 of the design: bytes once per revision).

An item's body lacks kind and apiVersion, so the plain form is a prefix and the body. Forms that cost
more (another version, metadata alone) are kept in `Item.renditions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.registry.rest import Converter, Object, Versions
from pilothouse.storage.interface import Item

_METADATA = b'{"metadata":{'
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')
_PARTIAL = {
    version: b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":' % version.encode()
    for version in ("v1", "v1beta1")
}

#: Encodes an object as compact JSON in Go's field order, without kind and apiVersion.
Encode = Callable[[Object], bytes]


class Rendering:
    """The forms of one kind in one version. `encode` is needed for a `converter` and for computed objects.

    Where `versions` is not None, items go through it before they are rendered.

    `hidden_annotations` are not shown where an object is reduced to its metadata (see `rest.Resource`).
    """

    def __init__(
        self, gvk: GroupVersionKind, list_kind: str, encode: Encode, converter: Converter | None = None,
        *, hidden_annotations: Sequence[str] = (),
    ) -> None:
        self._hidden = frozenset(hidden_annotations)
        self.gvk = gvk
        self.prefix = _type_meta(gvk.kind, gvk.api_version)
        self.list_prefix = _type_meta(list_kind, gvk.api_version)
        self.encode = encode
        self._converter = converter
        self.converts = converter is not None
        self.versions: Versions | None = None

    def body(self, item: Item) -> bytes:
        """The object in this version, still without kind and apiVersion."""
        if self._converter is None:
            return item.body
        body = _rendition(item, self.gvk)
        if body is None:
            body = self.encode(self._converter.from_storage(orjson.loads(item.body)))
            _keep(item, self.gvk, body)
        return body

    def object(self, item: Item) -> bytes:
        """The whole object as JSON."""
        return self.prefix + self.body(item)[1:]

    def metadata(self, item: Item, version: str) -> bytes:
        """A PartialObjectMetadata of meta.k8s.io/`version`."""
        key = ("metadata", version)
        found = _rendition(item, key)
        if found is None:
            data = metadata_of(item.body)
            if self._hidden:
                data = _without_annotations(data, self._hidden)
            found = _PARTIAL[version] + data + b"}"
            _keep(item, key, found)
        return found

    def list_frame(self, metadata: dict[str, Any]) -> tuple[bytes, bytes]:
        """What stands before and behind the items of a list; `metadata` is its ListMeta."""
        return b'%s"metadata":%s,"items":[' % (self.list_prefix, orjson.dumps(metadata)), b"]}"

    def computed(self, obj: Object) -> Item:
        """An object that stands in no storage, as an item, so that it can be answered in every form."""
        obj = {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
        return Item("", 0, self.encode(obj), {}, {})


def _type_meta(kind: str, api_version: str) -> bytes:
    return b'{"kind":%s,"apiVersion":%s,' % (orjson.dumps(kind), orjson.dumps(api_version))


def _rendition(item: Item, key: Any) -> bytes | None:
    return item.renditions.get(key) if item.renditions is not None else None


def _keep(item: Item, key: Any, data: bytes) -> None:
    if item.renditions is None:
        item.renditions = {}
    item.renditions[key] = data


def _without_annotations(data: bytes, hidden: frozenset[str]) -> bytes:
    metadata = orjson.loads(data)
    annotations = metadata.get("annotations") or {}
    if hidden.isdisjoint(annotations):
        return data
    shown = {key: value for key, value in annotations.items() if key not in hidden}
    if shown:
        metadata["annotations"] = shown
    else:
        del metadata["annotations"]
    return escape(orjson.dumps(metadata))


def metadata_of(body: bytes) -> bytes:
    """The bytes of the value of "metadata", which stands first in a stored body."""
    if not body.startswith(_METADATA):
        return escape(orjson.dumps(orjson.loads(body).get("metadata", {})))
    depth = 0
    for token in _TOKEN.finditer(body, len(_METADATA) - 1):
        found = token.group()
        if found == b"{":
            depth += 1
        elif found == b"}":
            depth -= 1
            if depth == 0:
                return body[len(_METADATA) - 1 : token.end()]
    raise ValueError("metadata does not end")


def resource_version_of(item: Item) -> str:
    """metadata.resourceVersion as the body says it ("" for an object that is not stored)."""
    version = orjson.loads(metadata_of(item.body)).get("resourceVersion", "")
    return str(version)
