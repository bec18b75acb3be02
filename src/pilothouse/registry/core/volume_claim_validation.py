"""Validation of persistent volume claims (upstream: core/validation ValidatePersistentVolumeClaim…)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.core.amounts import ZERO, is_amount, parsed
from pilothouse.registry.core.claim_validation import validate_claim_spec
from pilothouse.registry.core.persistent_volume_validation import STORAGE_CLASS
from pilothouse.registry.core.resource_names import is_native
from pilothouse.registry.internal import internal_diff
from pilothouse.registry.rules import NO_FIELDS, NONE, Errors, Obj, within

_CLASS: Final = "volumeAttributesClassName"
_RESIZE_STATUSES: Final = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible",
    "NodeResizePending",
)
_SPEC_STAYS: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
)
_CLASS_STAYS: Final = "is forbidden when status.currentVolumeAttributesClassName is not nil"


def validate_claim(claim: Obj, old: Obj | None = None) -> Errors:
    return within("spec", validate_claim_spec(claim.get("spec") or NO_FIELDS, None if old is None else old.get("spec")))


def validate_claim_update(claim: Obj, old: Obj) -> Errors:
    """`old` has both of its data sources filled in."""
    spec, before = claim.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    errors = [*validate_claim(claim, old), *_spec_stays(claim, old, spec, before)]
    size, old_size = _request(spec), _request(before)
    if size < old_size:
        capacity = ((old.get("status") or NO_FIELDS).get("capacity") or NO_FIELDS).get("storage")
        if size <= (ZERO if capacity is None else parsed(capacity)):
            errors.append(
                field.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
            )
    mode = spec.get("volumeMode")
    if mode != before.get("volumeMode"):
        errors.append(field.invalid("volumeMode", mode, IMMUTABLE))
    return [*errors, *_class_stays(spec, before, old)]


def validate_claim_status(claim: Obj) -> Errors:
    spec, status = claim.get("spec") or NO_FIELDS, claim.get("status") or NO_FIELDS
    errors = [] if spec.get("accessModes") else [field.required("Spec.accessModes")]
    for resource, amount in (status.get("capacity") or NO_FIELDS).items():
        errors += within(field.key("status.capacity", resource), _basic(amount))
    where = "status.allocatedResourceStatuses"
    for resource, resize in (status.get("allocatedResourceStatuses") or NO_FIELDS).items():
        errors += within(where, _resizable(resource))
        if resize not in _RESIZE_STATUSES:
            # upstream shows the resource, not its status: kept
            errors.append(field.not_supported(where, resource, _RESIZE_STATUSES))
    for resource, amount in (status.get("allocatedResources") or NO_FIELDS).items():
        if found := _resizable(resource):
            errors += within("status.allocatedResources", found)
        else:
            errors += within(field.key("status.allocatedResources", resource), _basic(amount) or _amount(amount))
    return errors


def claim_warnings(claim: Obj) -> list[str]:
    annotated = STORAGE_CLASS in (claim["metadata"].get("annotations") or ())
    text = 'deprecated since v1.8; use "storageClassName" attribute instead'
    warnings = [f"metadata.annotations[{STORAGE_CLASS}]: {text}"] if annotated else []
    return warnings + claim_spec_warnings(claim.get("spec") or NO_FIELDS, "spec")


def claim_spec_warnings(spec: Obj, path: str) -> list[str]:
    """About sizes that are no whole number of bytes. `path` is where the spec stands."""
    resources = spec.get("resources") or NO_FIELDS
    return [
        f'{path}.resources.{name}[storage]: fractional byte value "{size}" is invalid, must be an integer'
        for name in ("requests", "limits")
        if (size := (resources.get(name) or NO_FIELDS).get("storage")) and parsed(size).milli_value() % 1000
    ]


# What stays as it is


def _spec_stays(claim: Obj, old: Obj, spec: Obj, before: Obj) -> Errors:
    errors: list[Error] = []
    new, stored = dict(spec), dict(before)
    if not before.get("volumeName"):
        _take(stored, new, "volumeName")
    annotations, old_annotations = (o["metadata"].get("annotations") or NO_FIELDS for o in (claim, old))
    if _is_moved_from_annotation(new, stored, annotations, old_annotations):
        new.pop("storageClassName")
    else:
        annotated, was = annotations.get(STORAGE_CLASS) or "", old_annotations.get(STORAGE_CLASS) or ""
        if annotated != was:
            errors.append(field.invalid(f"metadata.annotations.{STORAGE_CLASS}", annotated, IMMUTABLE))
        if _is_named_at_last(new, stored, old_annotations):
            new.pop("storageClassName")
    if (claim.get("status") or NO_FIELDS).get("phase") == "Bound":
        _take(new, stored, _CLASS)
        _take_request(new, before)
    if not _is_same(new, stored):
        diff = internal_diff("core.PersistentVolumeClaimSpec", stored, new)
        errors.append(field.forbidden("spec", _SPEC_STAYS + diff))
    return errors


def _take(to: dict[str, Any], source: Mapping[str, Any], name: str) -> None:
    if name in source:
        to[name] = source[name]
    else:
        to.pop(name, None)


def _take_request(spec: dict[str, Any], old: Obj) -> None:
    """Bound volumes may be made larger."""
    resources = spec.get("resources") or NO_FIELDS
    if "requests" not in resources:
        return
    size = ((old.get("resources") or NO_FIELDS).get("requests") or NO_FIELDS).get("storage", "0")
    spec["resources"] = {**resources, "requests": {**resources["requests"], "storage": size}}


def _is_moved_from_annotation(
    spec: Obj, old: Obj, annotations: Mapping[str, str], old_annotations: Mapping[str, str]
) -> bool:
    """The class that was named by an annotation is named by the field now."""
    named, new_name = old_annotations.get(STORAGE_CLASS), spec.get("storageClassName")
    return (
        named is not None and old.get("storageClassName") is None and new_name == named
        and annotations.get(STORAGE_CLASS, named) == named
    )


def _is_named_at_last(spec: Obj, old: Obj, old_annotations: Mapping[str, str]) -> bool:
    """A claim that waited for a default class gets its class."""
    name = spec.get("storageClassName")
    return (
        name is not None and old.get("storageClassName") is None and old_annotations.get(STORAGE_CLASS, name) == name
    )


def _is_same(spec: Obj, old: Obj) -> bool:
    return spec == old or _comparable(spec) == _comparable(old)


def _comparable(spec: Obj) -> dict[str, Any]:
    """Quantities by value; lists and texts that are not there are empty."""
    resources = spec.get("resources") or NO_FIELDS
    amounts = {
        name: {resource: parsed(amount) for resource, amount in (resources.get(name) or NO_FIELDS).items()}
        for name in ("limits", "requests")
    }
    rest = {key: value for key, value in spec.items() if value is not None}
    return {**rest, "accessModes": spec.get("accessModes") or [], "volumeName": spec.get("volumeName") or "",
            "resources": amounts}


def _request(spec: Obj) -> Any:
    size = ((spec.get("resources") or NO_FIELDS).get("requests") or NO_FIELDS).get("storage")
    return ZERO if size is None else parsed(size)


def _class_stays(spec: Obj, old: Obj, stored: Obj) -> Errors:
    """Once applied, a class of attributes can be replaced only."""
    name = spec.get(_CLASS)
    if name == old.get(_CLASS) or (stored.get("status") or NO_FIELDS).get("currentVolumeAttributesClassName") is None:
        return NONE
    if name is None:
        return (field.forbidden(f"spec.{_CLASS}", f"update to nil {_CLASS_STAYS}"),)
    return (field.forbidden(f"spec.{_CLASS}", f"update to empty string {_CLASS_STAYS}"),) if not name else NONE


# Amounts in the status


def _basic(amount: str) -> Errors:
    value = parsed(amount).value()
    return (field.invalid("", value, "must be a valid resource quantity"),) if value < 0 else NONE


def _amount(amount: str) -> Errors:
    return [field.invalid("", amount, text) for text in is_amount(amount)]


def _resizable(name: str) -> Errors:
    if texts := is_qualified_name(name):
        return [field.invalid("", name, text) for text in texts]
    if is_native(name) and name != "storage":
        return (field.not_supported("", name, ("storage",)),)
    return NONE
