"""Validation of storage classes, volume attributes classes and capacities (upstream: pkg/apis/storage/validation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import byte_length, is_dns1123_subdomain, is_qualified_name
from pilothouse.registry.core.amounts import is_amount
from pilothouse.registry.node_labels import DEPRECATED, selector_warnings
from pilothouse.registry.rules import (
    Errors,
    Obj,
    immutable,
    label_selector,
    label_selector_after,
    matching,
    member,
    one_of,
    required,
    required_one_of,
    unique,
)

_MOST_PARAMETERS: Final = 512
_MOST_PARAMETER_BYTES: Final = 256 * 1024
#: Each term is a duplicate of all that are the same: there can be the square of their number.
_MOST_DUPLICATES: Final = 10_000
_RECLAIM_POLICIES: Final = ("Delete", "Retain")
_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")


# StorageClasses


def validate_storage_class(storage_class: Obj) -> Errors:
    errors = [*_validate_provisioner(storage_class, "provisioner")]
    errors += _validate_parameters(storage_class.get("parameters") or {})
    if storage_class.get("reclaimPolicy"):
        errors += one_of(storage_class, "reclaimPolicy", _RECLAIM_POLICIES)
    if storage_class.get("volumeBindingMode") == "":
        errors += one_of(storage_class, "volumeBindingMode", _BINDING_MODES)
    else:
        errors += required_one_of(storage_class, "volumeBindingMode", _BINDING_MODES)
    errors += _validate_topologies(storage_class.get("allowedTopologies") or ())
    return errors


def validate_storage_class_update(storage_class: Obj, old: Obj) -> Errors:
    return [
        *validate_storage_class(storage_class),
        *immutable(storage_class, old, "parameters"), *immutable(storage_class, old, "provisioner", zero=""),
        *immutable(storage_class, old, "reclaimPolicy"), *immutable(storage_class, old, "volumeBindingMode"),
    ]


def storage_class_warnings(storage_class: Obj) -> list[str]:
    return [
        f"allowedTopologies[{i}].matchLabelExpressions[{j}].key: {DEPRECATED[expression['key']]}"
        for i, term in enumerate(storage_class.get("allowedTopologies") or ())
        for j, expression in enumerate(term.get("matchLabelExpressions") or ())
        if expression.get("key") in DEPRECATED
    ]


def _validate_provisioner(obj: Obj, name: str) -> Errors:
    provisioner = obj.get(name) or ""
    if not provisioner:
        return (field.required(name),)
    lower = provisioner.lower()
    return [field.invalid(name, lower, text) for text in is_qualified_name(lower)]


def _validate_parameters(parameters: Mapping[str, str]) -> Errors:
    if len(parameters) > _MOST_PARAMETERS:
        return (field.too_long("parameters", _MOST_PARAMETERS),)
    errors = [field.invalid("parameters", "", "field can not be empty.")] if "" in parameters else []
    if sum(byte_length(k) + byte_length(v) for k, v in parameters.items()) > _MOST_PARAMETER_BYTES:
        errors.append(field.too_long("parameters", _MOST_PARAMETER_BYTES))
    return errors


def _validate_topologies(terms: Sequence[Obj]) -> Errors:
    errors: list[field.Error] = []
    seen: dict[Any, int] = {}
    left = _MOST_DUPLICATES
    for i, term in enumerate(terms):
        path = f"allowedTopologies[{i}]"
        errors += member({path: term}, path, _validate_term)
        expressions = frozenset({
            e.get("key") or "": frozenset(e.get("values") or ()) for e in term.get("matchLabelExpressions") or ()
        }.items())
        duplicate = field.duplicate(f"{path}.matchLabelExpressions", "")
        # upstream begins with as many empty entries as there are terms, which an empty term equals: kept
        times = min((0 if expressions else len(terms)) + seen.get(expressions, 0), left)
        errors += [duplicate] * times
        left -= times
        seen[expressions] = seen.get(expressions, 0) + 1
    return errors


def _validate_term(term: Obj) -> Errors:
    errors: list[field.Error] = []
    keys = set()
    for i, requirement in enumerate(term.get("matchLabelExpressions") or ()):
        path, key = f"matchLabelExpressions[{i}]", requirement.get("key") or ""
        errors += member({path: requirement}, path, _validate_requirement)
        if key in keys:
            errors.append(field.duplicate(f"{path}.key", key))
        keys.add(key)
    return errors


def _validate_requirement(requirement: Obj) -> Errors:
    return [
        *required(requirement, "values"), *unique(requirement, "values"),
        *matching(requirement, "key", is_qualified_name),
    ]


# VolumeAttributesClasses


def validate_volume_attributes_class(attributes: Obj) -> Errors:
    parameters = attributes.get("parameters") or {}
    errors = [*_validate_provisioner(attributes, "driverName"), *_validate_parameters(parameters)]
    if not parameters:
        errors.append(field.required("parameters", "must contain at least one key/value pair"))
    return errors


def validate_volume_attributes_class_update(attributes: Obj, old: Obj) -> Errors:
    errors = [
        field.forbidden(name, f"updates to {name} are forbidden.")
        for name in ("driverName", "parameters") if (attributes.get(name) or None) != (old.get(name) or None)
    ]
    return [*errors, *validate_volume_attributes_class(attributes)]


# CSIStorageCapacities


def validate_storage_capacity(capacity: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored object: a fault that its selector has may stay."""
    check = label_selector if old is None else label_selector_after(old.get("nodeTopology"))
    errors = [
        *member(capacity, "nodeTopology", check), *matching(capacity, "storageClassName", is_dns1123_subdomain)
    ]
    if capacity.get("capacity") is not None:
        errors += matching(capacity, "capacity", is_amount)
    return errors


def validate_storage_capacity_update(capacity: Obj, old: Obj) -> Errors:
    errors = [*validate_storage_capacity(capacity, old)]
    topology = capacity.get("nodeTopology")
    if topology != old.get("nodeTopology"):
        errors.append(field.invalid("nodeTopology", topology, IMMUTABLE))
    name = capacity.get("storageClassName") or ""
    if name != (old.get("storageClassName") or ""):
        errors.append(field.invalid("storageClassName", name, IMMUTABLE))
    return errors


def storage_capacity_warnings(capacity: Obj) -> list[str]:
    return selector_warnings(capacity.get("nodeTopology"), "nodeTopology")
