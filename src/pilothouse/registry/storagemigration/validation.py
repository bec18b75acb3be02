"""Validation of storage migrations (upstream: pkg/apis/storagemigration/validation)."""

from __future__ import annotations

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1035_label, is_dns1123_subdomain
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.rules import Errors, Format, Obj, immutable, within

_BOTH = "Both success and failed conditions cannot be true at the same time"


def validate_migration(migration: Obj) -> Errors:
    resource = (migration.get("spec") or {}).get("resource") or {}
    errors: list[field.Error] = []
    if not resource.get("resource"):
        errors.append(field.required("resource", "resource is required to be set"))
    else:
        errors += _joined(resource, "resource", is_dns1035_label)
    if resource.get("group"):
        errors += _joined(resource, "group", is_dns1123_subdomain)
    return within("spec.resource", errors)


def _joined(obj: Obj, name: str, is_format: Format) -> Errors:
    texts = is_format(obj[name])
    return (field.invalid(name, obj[name], ",".join(texts)),) if texts else ()


def validate_migration_update(migration: Obj, old: Obj) -> Errors:
    return [*validate_migration(migration), *immutable(migration, old, "spec")]


def validate_migration_status(migration: Obj, old: Obj) -> Errors:
    """The resource version is set once; a success or a failure is final."""
    status, before = migration.get("status") or {}, old.get("status") or {}
    version, conditions = status.get("resourceVersion") or "", status.get("conditions")
    errors: list[field.Error] = []
    if version and (text := _version_error(version)):
        errors.append(field.invalid("resourceVersion", version, text))
    errors += validate_conditions(status)
    if before.get("resourceVersion") and before["resourceVersion"] != version:
        errors.append(field.invalid("resourceVersion", version, "field is immutable"))
    if _is(status, "Succeeded") and _is(status, "Failed"):
        errors.append(field.invalid("conditions", conditions, _BOTH))
    for kind, shown in (("Succeeded", "Success"), ("Failed", "Failed")):
        if _is(before, kind) and not _is(status, kind):
            text = f"{shown} condition cannot be set to false once it is true"
            errors.append(field.invalid("conditions", conditions, text))
    return within("status", errors)


def _version_error(version: str) -> str:
    """Resource versions are decimal numbers without leading zeros."""
    if version.isascii() and version.isdigit() and version[0] != "0":
        return ""
    return f"resource version is not well formed: {version}"


def _is(status: Obj, kind: str) -> bool:
    found = next((c for c in status.get("conditions") or () if c.get("type") == kind), None)
    return found is not None and found.get("status") == "True"
