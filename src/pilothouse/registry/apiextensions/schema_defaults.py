"""Validation of a schema's defaults (upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go).

A default must be a valid value where it stands, without fields that would be pruned. Inside of an embedded
resource's metadata it is judged as part of a resource that has nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.structural import objectmeta, pruning
from pilothouse.apimachinery.structural.cel_validator import new_rule_validator
from pilothouse.apimachinery.structural.correlation import deep_equal
from pilothouse.apimachinery.structural.defaulting import deep_copy
from pilothouse.apimachinery.structural.gojson import go_json_value
from pilothouse.apimachinery.structural.model import Structural
from pilothouse.apimachinery.structural.value_schema import ValueSchema
from pilothouse.apimachinery.structural.values import validate_value

_META_FIELDS: Final = frozenset(("metadata", "apiVersion", "kind"))
_TYPE_META: Final = {"apiVersion": "validation/v1", "kind": "Validation"}
#: (steps to the parent, property name or 0 for items); None at the resource itself.
_Steps = tuple[Any, "str | int"] | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: its path, the resource around it, the steps from there, and whether in its metadata."""

    path: str
    resource: Structural
    steps: _Steps
    inside_metadata: bool

    def below(self, step: str, key: str | int, *, metadata: bool = False) -> _Place:
        inside = self.inside_metadata or metadata
        return _Place(f"{self.path}.{step}", self.resource, (self.steps, key), inside)


def validate_defaults(path: str, schema: Mapping[str, Any], root: Structural, require_pruned: bool) -> list[Error]:
    """`root` is the structural form of `schema`; both stand at `path`."""
    resource = copy.copy(root)
    resource._compiled = None
    resource.embedded_resource = True
    errors: list[Error] = []
    _visit(resource, ValueSchema(schema), _Place(path, resource, None, False), require_pruned, errors)
    return errors


def _visit(s: Structural, values: ValueSchema, place: _Place, require_pruned: bool, errors: list[Error]) -> None:
    if s.embedded_resource:
        place = _Place(place.path, s, None, False)
    if s.default is not None:
        if place.inside_metadata:
            errors += _check_inside_metadata(s, values, place)
        else:
            errors += _check(s, values, f"{place.path}.default", require_pruned)
    # no default may stand below additionalProperties
    if s.items is not None and values.items is not None:
        _visit(s.items, values.items, place.below("items", 0), require_pruned, errors)
    for name, child in s.properties.items():
        inner = place.below(f"properties[{name}]", name, metadata=s.embedded_resource and name in _META_FIELDS)
        _visit(child, values.properties[name], inner, require_pruned, errors)


def _check(s: Structural, values: ValueSchema, path: str, require_pruned: bool) -> list[Error]:
    value, errors = s.default, []
    is_container = value.__class__ is dict or value.__class__ is list
    if is_container and require_pruned:
        pruned = deep_copy(value)
        pruning.prune(pruned, s, is_resource_root=s.embedded_resource)
        if not deep_equal(pruned, value):
            errors.append(field.invalid(path, go_json_value(value), "must not have unknown fields"))
    if is_container:
        try:
            value = deep_copy(value)
            objectmeta.coerce(value, s, path=path, is_resource_root=s.embedded_resource)
        except objectmeta.CoerceError as e:
            return [*errors, e.error]
        if found := objectmeta.validate(value, s, path=path, is_resource_root=s.embedded_resource):
            return [*errors, *found]
    found = validate_value(values, value, "", None).at(path)
    return errors + (found or _check_rules(s, value, path, s.embedded_resource))


def _check_rules(s: Structural, value: Any, path: str, is_root: bool) -> list[Error]:
    """A default must pass the rules about it beside an equal old value, and as a value that is new."""
    validator = new_rule_validator(s, is_root)
    if validator is None:
        return []
    return validator.validate(value, value, path) or validator.validate(value, None, path)


def _check_inside_metadata(s: Structural, values: ValueSchema, place: _Place) -> list[Error]:
    path = f"{place.path}.default"
    resource = _surrounded(deep_copy(s.default), place.steps)
    text = ""
    try:
        objectmeta.coerce(resource, place.resource, is_resource_root=True)
        if found := objectmeta.validate(resource, place.resource, is_resource_root=True):
            text = aggregate([str(e) for e in found])
    except objectmeta.CoerceError as e:
        text = str(e)
    if text:
        return [field.invalid(path, go_json_value(s.default), f"must result in valid metadata: {text}")]
    return validate_value(values, s.default, "", None).at(path) or _check_rules(s, s.default, path, False)


def _surrounded(value: Any, steps: _Steps) -> dict[str, Any]:
    while steps is not None:
        steps, step = steps
        value = [value] if step == 0 else {step: value}
    return {**_TYPE_META, **value}
