"""Steps that create, update and patch share (upstream: handlers/rest.go, handlers/fieldmanager)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import status
from pilothouse.apimachinery.managedfields.names import manager_name
from pilothouse.apimachinery.meta import format_time

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object, WriteOptions

_DUPLICATE_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may "
    "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
)
_DUPLICATE_OWNERS_ADMITTED = (
    ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner "
    "references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) "
    "observed: "
)


def dedup_owners(ctx: Context, metadata: dict[str, Any], *, admitted: bool = False) -> None:
    """Drops repeated owner references, with a warning."""
    references = metadata.get("ownerReferences")
    if not references or len(references) == 1:
        return
    kept: dict[bytes, Any] = {}
    duplicates: list[str] = []
    for reference in references:
        mark = orjson.dumps(reference, option=orjson.OPT_SORT_KEYS)
        if mark in kept:
            duplicates.append(reference.get("uid", ""))
        else:
            kept[mark] = reference
    if duplicates:
        text = _DUPLICATE_OWNERS_ADMITTED if admitted else _DUPLICATE_OWNERS
        ctx.warn(text + ", ".join(duplicates))
        metadata["ownerReferences"] = list(kept.values())


def check_name(metadata: dict[str, Any], name: str) -> None:
    """The object must have the name of the URL. Raises 400."""
    found = metadata.get("name", "")
    if not found:
        raise status.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if found != name:
        raise status.bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")


def has_uid(obj: Object) -> bool:
    metadata = obj.get("metadata")
    return bool(metadata and metadata.get("uid"))


def from_storage(scope: Scope, obj: Object) -> Object:
    """A stored object in the scope's version; {} stays {}."""
    converter = scope.resource.converter
    return obj if converter is None or not obj else converter.from_storage(obj)


def to_storage(scope: Scope, obj: Object) -> Object:
    converter = scope.resource.converter
    return obj if converter is None else converter.to_storage(obj)


def manage_fields(scope: Scope, live: Object | None, new: Object, wanted: WriteOptions) -> Object:
    """`new` (in the scope's version, as is `live`) with its managedFields brought up to date."""
    if scope.field_manager is None:
        return new
    if scope.resource.converter is not None:
        # what the stored version shows in this one (annotations of a v1 autoscaler) has an owner too
        new = from_storage(scope, to_storage(scope, new))
    manager = manager_name(wanted.field_manager, wanted.user_agent)
    return scope.field_manager.update(live, new, manager, format_time(scope.services.clock()))
