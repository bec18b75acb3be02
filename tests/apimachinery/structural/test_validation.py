"""Which schemas are structural."""

from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.structural.model import new_structural
from pilothouse.apimachinery.structural.validation import validate_structural

from .strategies import SCHEMAS, UNHURRIED

STRING = {"type": "string"}
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def _in_a(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


@pytest.mark.parametrize(("schema", "errors"), [
    ({"type": "object"}, []),
    ({}, ["s.type: Required value: must not be empty at the root"]),
    ({"type": "string"}, ['s.type: Invalid value: "string": must be object at the root']),
    ({"type": "object", "additionalProperties": True},
     ["s.additionalProperties: Forbidden: must not be used at the root"]),
    (_in_a({}), ["s.properties[a].type: Required value: must not be empty for specified object fields"]),
    (_in_a({"type": "array"}), ["s.properties[a].items: Required value: must be specified"]),
    (_in_a({"type": "array", "items": {}}),
     ["s.properties[a].items.type: Required value: must not be empty for specified array items"]),
    (_in_a({"x-kubernetes-int-or-string": True, "anyOf": INT_OR_STRING}), []),
    (_in_a({"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": INT_OR_STRING}]}), []),
    (_in_a({"type": "string", "anyOf": [{"type": "integer", "description": "d", "default": 1}]}), [
        "s.properties[a].anyOf[0].default: Forbidden: must be undefined to be structural",
        "s.properties[a].anyOf[0].description: Forbidden: must be empty to be structural",
        "s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
    ]),
    (_in_a({"x-kubernetes-int-or-string": True, "x-kubernetes-preserve-unknown-fields": True}),
     ["s.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: "
      "must be false if x-kubernetes-int-or-string is true"]),
    (_in_a({"x-kubernetes-embedded-resource": True, "type": "string"}), [
        "s.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true "
        "without x-kubernetes-preserve-unknown-fields",
        's.properties[a].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true',
    ]),
    ({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": STRING}}}}, []),
    ({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}},
     ["s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is "
      "implicitly specified"]),
    ({"type": "object", "properties": {"metadata": {"type": "object", "minProperties": 1}}},
     ["s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is "
      "implicitly specified"]),
    ({"type": "object", "properties": {"kind": {"type": "integer"}}},
     ['s.properties[kind].type: Invalid value: "integer": must be string']),
    ({"type": "object", "anyOf": [{"properties": {"metadata": {}, "a": {"items": {}}}}],
      "properties": {"metadata": {"type": "object"}, "a": {"type": "object"}}},
     ["s.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context",
      "s.properties[a].items: Required value: because it is defined in s.anyOf[0].properties[a].items"]),
    ({"type": "object", "not": {"properties": {"b": {}}, "additionalProperties": {}}},
     ["s.not.additionalProperties: Forbidden: must be undefined to be structural",
      "s.properties[b]: Required value: because it is defined in s.not.properties[b]"]),
    (_in_a({"type": "string", "pattern": "("}),
     ['s.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: '
      "error parsing regexp: missing closing ): `(`"]),
])
def test_cases(schema: dict[str, Any], errors: list[str]) -> None:
    assert [str(e) for e in validate_structural("s", new_structural(schema))] == errors


@UNHURRIED
@given(SCHEMAS)
def test_anything_can_be_checked(schema: dict[str, Any]) -> None:
    validate_structural("", new_structural({**schema, "anyOf": [schema], "not": schema}))
