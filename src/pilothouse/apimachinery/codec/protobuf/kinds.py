"""Whole objects in protobuf: what the kinds' messages are, and JSON made into them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pilothouse.apimachinery import status
from pilothouse.apimachinery.codec.protobuf import envelope
from pilothouse.apimachinery.codec.protobuf.encode import encoder
from pilothouse.apimachinery.codec.protobuf.layout import has_messages, not_marshalable
from pilothouse.apimachinery.codec.protobuf.unlisted import unlisted_type
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Type


@cache
def message_type(gvk: GroupVersionKind) -> Type:
    """The type of a kind's messages. Raises 406 for a kind that has none, as upstream's serializer does."""
    found = catalog.type_for(gvk) or unlisted_type(gvk)
    if found is None or not has_messages(found):
        raise status.StatusError(406, status.REASON_NOT_ACCEPTABLE, not_marshalable(found or Type(model.STRUCT)))
    return found


def sealed(obj: Mapping[str, Any]) -> bytes:
    """The envelope with an object that says what it is; kind and apiVersion stand in the envelope only. Raises 406."""
    kind, api_version = obj.get("kind", ""), obj.get("apiVersion", "")
    # an APIResourceList of the core group does not say its version
    gvk = GroupVersionKind(*GroupVersion.parse(api_version or "v1"), kind)
    return envelope.seal(envelope.head(kind, api_version), encoder(message_type(gvk))(obj))
