"""metadata.managedFields and back (upstream: managedfields/internal/managedfields.go)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pilothouse.apimachinery import field as fld
from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.names import validate_manager_name
from pilothouse.apimachinery.managedfields.pathelement import json_string
from pilothouse.apimachinery.managedfields.updater import Manager, Managers, VersionedSet

APPLY: Final = "Apply"
UPDATE: Final = "Update"
_MAX_SUBRESOURCE_LENGTH: Final = 256


@dataclass(slots=True)
class Managed:
    """What all managers own, and when each of them last changed something (RFC 3339; absent if never told)."""

    managers: Managers = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)


def manager_for(name: str, operation: str, api_version: str, subresource: str) -> Manager:
    """Who applies is the same manager in every version."""
    return Manager(name, operation, "" if operation == APPLY else api_version, subresource)


def identifier(manager: Manager) -> str:
    """The text by which upstream orders managers: the JSON of an entry without sets and time."""
    parts = []
    for key, value in (
        ("manager", manager.name), ("operation", manager.operation), ("apiVersion", manager.api_version),
        ("subresource", manager.subresource),
    ):
        if value:
            parts.append(f'"{key}":{json_string(value)}')
    return "{" + ",".join(parts) + "}"


def decode(entries: Sequence[Mapping[str, Any]] | None, *, trusted: bool = False) -> Managed:
    """Raises ValueError with upstream's wording. The sets of `trusted` entries are canonical: `encode` wrote them."""
    managed = Managed()
    for i, entry in enumerate(entries or ()):
        operation, version = entry.get("operation"), entry.get("apiVersion") or ""
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not version:
            raise ValueError("apiVersion must not be empty")
        fields_type = entry.get("fieldsType") or ""
        if not fields_type:
            raise ValueError(f"missing fieldsType in managed fields entry {i}")
        if fields_type != "FieldsV1":
            raise ValueError(f'invalid fieldsType "{fields_type}" in managed fields entry {i}')
        fields = entry.get("fieldsV1")
        if not trusted or fields is None:
            fields = fieldset.parse(fields)
        manager = manager_for(entry.get("manager") or "", operation, version, entry.get("subresource") or "")
        managed.managers[manager] = VersionedSet(fields, version, operation == APPLY, trusted)
        time = entry.get("time")
        if time:
            managed.times[manager] = time
        else:
            managed.times.pop(manager, None)
    return managed


def encode(managed: Managed) -> list[dict[str, Any]]:
    """Entries in upstream's order: Apply before Update, oldest first, then by name, version and subresource."""
    entries = []
    times = managed.times
    for manager, owned in managed.managers.items():
        entry: dict[str, Any] = {}
        if manager.name:
            entry["manager"] = manager.name
        entry["operation"] = APPLY if owned.applied else manager.operation
        entry["apiVersion"] = owned.api_version
        if manager in times:
            entry["time"] = times[manager]
        entry["fieldsType"] = "FieldsV1"
        entry["fieldsV1"] = owned.fields if owned.ordered else fieldset.sort(owned.fields)
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    if len(entries) > 1:
        entries.sort(key=_order)
    return entries


def _order(entry: Mapping[str, Any]) -> tuple[str, ...]:
    get = entry.get
    return (entry["operation"], get("time", ""), get("manager", ""), entry["apiVersion"], get("subresource", ""))


def is_reset(entries: Any) -> bool:
    """Whether a client asks to forget all managers: an empty list, or one empty entry."""
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not any(entries[0].values())))


def validate(entries: Sequence[Mapping[str, Any]], path: str = "metadata.managedFields") -> list[fld.Error]:
    """The checks of object metadata (upstream: meta/v1/validation.ValidateManagedFields)."""
    errors = []
    for i, entry in enumerate(entries):
        at = fld.index(path, i)
        operation = entry.get("operation") or ""
        if operation not in (APPLY, UPDATE):
            errors.append(fld.invalid(fld.child(at, "operation"), operation, "must be `Apply` or `Update`"))
        fields_type = entry.get("fieldsType") or ""
        if fields_type not in ("", "FieldsV1"):
            errors.append(fld.invalid(fld.child(at, "fieldsType"), fields_type, "must be `FieldsV1`"))
        errors += validate_manager_name(entry.get("manager") or "", fld.child(at, "manager"))
        if len((entry.get("subresource") or "").encode()) > _MAX_SUBRESOURCE_LENGTH:
            errors.append(fld.too_long(fld.child(at, "subresource"), _MAX_SUBRESOURCE_LENGTH))
    return errors
