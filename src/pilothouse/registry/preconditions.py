"""What an update is based on must be what is stored (upstream: generic/registry/store.go, Update)."""

from collections.abc import Mapping
from typing import Any

import orjson

from pilothouse.apimachinery import field, meta, status
from pilothouse.apimachinery.gvk import GroupKind, GroupResource
from pilothouse.storage.interface import Item

OPTIMISTIC_LOCK_ERROR = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def check_uid(resource: GroupResource, key: str, name: str, uid: str, item: Item | None) -> None:
    """The object that the request means must be the one that is there. Raises 409."""
    have = orjson.loads(item.body)["metadata"]["uid"] if item is not None else ""
    if uid != have:
        raise status.conflict(
            resource, name,
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {have}",
        )


def check_resource_version(
    resource: GroupResource, metadata: dict[str, Any], old: Mapping[str, Any], revision: int, unconditional: bool
) -> None:
    """The version that the object names must be the newest, `revision`, if it need name one at all; leaves that
    version in `metadata`. Raises 409 and 422."""
    try:
        version = meta.parse_resource_version(metadata.get("resourceVersion") or "")
    except ValueError as e:
        raise status.plain_internal(str(e)) from None
    if version == 0:
        if not unconditional:
            # upstream names the resource where a kind belongs: kept
            missing = field.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise status.invalid(GroupKind(resource.group, resource.resource), old["name"], [missing])
    elif version != revision:
        raise status.conflict(resource, old["name"], OPTIMISTIC_LOCK_ERROR)
    metadata["resourceVersion"] = old["resourceVersion"]
