"""Whole objects in protobuf: what the kinds' messages are, and JSON made into them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.codec.protobuf import envelope
from pilothouse.apimachinery.codec.protobuf.encode import encoder
from pilothouse.apimachinery.codec.protobuf.layout import has_messages, not_marshalable
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type

META_GROUP = "meta.k8s.io"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


@cache
def message_type(gvk: GroupVersionKind) -> Type:
    """The type of a kind's messages. Raises 406 for a kind that has none, as upstream's serializer does."""
    found = _metadata_type(gvk) if gvk.group == META_GROUP else catalog.type_for(gvk)
    if found is None or not has_messages(found):
        raise status.StatusError(
            406, status.REASON_NOT_ACCEPTABLE, not_marshalable(found or Type(model.STRUCT))
        )
    return found


def metadata_list_numbers(version: str) -> tuple[int, int]:
    """The numbers of metadata and items in a PartialObjectMetadataList: v1beta1 has them the other way round."""
    return (2, 1) if version == "v1beta1" else (1, 2)


def sealed(obj: Mapping[str, Any]) -> bytes:
    """The envelope with an object that says what it is; kind and apiVersion stand in the envelope only. Raises 406."""
    kind, api_version = obj.get("kind", ""), obj.get("apiVersion", "")
    # the core group's APIResourceList is the one answer that lacks its version
    gvk = GroupVersionKind(*GroupVersion.parse(api_version or "v1"), kind)
    return envelope.seal(envelope.head(kind, api_version), encoder(message_type(gvk))(obj))


def from_json(data: bytes) -> bytes:
    """The same for an object as JSON."""
    return sealed(orjson.loads(data))


def list_meta() -> Type:
    """The type of every list's metadata."""
    return _named("ListMeta")


def _metadata_type(gvk: GroupVersionKind) -> Type | None:
    """PartialObjectMetadata and its list, which OpenAPI does not name."""
    if gvk.version not in ("v1", "v1beta1"):
        return None
    if gvk.kind == "PartialObjectMetadata":
        return _struct("v1.PartialObjectMetadata", Field("metadata", _named("ObjectMeta"), proto_path=(1,)))
    if gvk.kind != "PartialObjectMetadataList":
        return None
    items = Type(model.LIST)
    items.go_name = "[]v1.PartialObjectMetadata"
    items.items = message_type(gvk._replace(kind="PartialObjectMetadata"))
    metadata_number, items_number = metadata_list_numbers(gvk.version)
    return _struct(
        f"{gvk.version}.PartialObjectMetadataList",
        Field("metadata", list_meta(), proto_path=(metadata_number,)),
        Field("items", items, proto_path=(items_number,)),
    )


def _struct(go_name: str, *fields: Field) -> Type:
    made = Type(model.STRUCT)
    made.go_name = go_name
    made.fields = {field.name: field for field in fields}
    return made


def _named(name: str) -> Type:
    found = catalog.type_named(_META + name)
    if found is None:
        raise LookupError(f"no schema for {name}")
    return found
