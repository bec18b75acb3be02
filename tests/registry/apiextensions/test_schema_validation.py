"""Schemas of definitions: each family of upstream's validation_test.go, with schemas of our own."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.registry.apiextensions.schema_facts import OldSchema, find_facts, look_back
from pilothouse.registry.apiextensions.schema_options import SchemaOptions, options_for_update
from pilothouse.registry.apiextensions.schema_validation import validate_schema

AT = "S"
Schema = dict[str, Any]


def errors(schema: Schema, *, status: bool = False, options: SchemaOptions | None = None) -> list[str]:
    found = validate_schema(schema, find_facts(schema), AT, status, options or SchemaOptions())
    return [str(e) for e in found]


def known(old: Schema) -> OldSchema:
    return look_back(old, find_facts(old))


def of(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def map_list(**more: Any) -> Schema:
    items = {"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"]}
    return {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": items, **more,
    }


def embedded(**properties: Schema) -> Schema:
    return {"type": "object", "x-kubernetes-embedded-resource": True, "properties": properties}


TEXT: Schema = {"type": "string"}
X = "S.properties[x]"
CASES: list[tuple[Schema, list[str]]] = [
    (of(), []),
    (of(x=TEXT), []),
    (of(x={}), [f"{X}.type: Required value: must not be empty for specified object fields"]),
    ({"type": "object", "nullable": True}, ["S.nullable: Forbidden: nullable cannot be true at the root"]),
    (of(x={"type": "odd"}), [
        f'{X}.type: Unsupported value: "odd": supported values: "array", "boolean", "integer", "number", "object", '
        '"string"',
    ]),
    (of(x={"type": "null"}), [
        f'{X}.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", '
        '"string"',
        f"{X}.type: Forbidden: type cannot be set to null, use nullable as an alternative",
    ]),
    (of(x={"type": "array", "items": TEXT, "uniqueItems": True}), [
        f"{X}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    ]),
    (of(x={"type": "object", "properties": {"y": TEXT}, "additionalProperties": TEXT}), [
        f"{X}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
    ]),
    (of(x={"type": "object", "properties": {"y": TEXT}, "additionalProperties": True}), []),
    # what makes no structural schema at all is said by the nodes
    (of(x={"type": "string", "id": "i", "$ref": "#/x", "definitions": {"d": TEXT}, "dependencies": {"d": ["e"]},
           "patternProperties": {"p": TEXT}, "additionalItems": True}), [
        f"{X}.id: Forbidden: id is not supported",
        f"{X}.additionalItems: Forbidden: additionalItems is not supported",
        f"{X}.patternProperties: Forbidden: patternProperties is not supported",
        f"{X}.definitions: Forbidden: definitions is not supported",
        f"{X}.dependencies: Forbidden: dependencies is not supported",
        f"{X}.$ref: Forbidden: $ref is not supported",
    ]),
    (of(x={"type": "array", "items": [TEXT]}), [
        f"{X}.items: Forbidden: items must be a schema object and not an array",
    ]),
    (of(x={"type": "object", "x-kubernetes-preserve-unknown-fields": False}), [
        f"{X}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
    ]),
    # list types
    (of(x=map_list()), []),
    (of(x={"type": "string", "x-kubernetes-list-type": "set"}), [
        f'{X}.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
    ]),
    (of(x={"type": "array", "items": TEXT, "x-kubernetes-list-type": "bag"}), [
        f'{X}.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"',
    ]),
    (of(x={"type": "array", "items": of(), "x-kubernetes-list-type": "set"}), [
        f"{X}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with "
        "x-kubernetes-list-type=set",
    ]),
    (of(x={
        "type": "array", "x-kubernetes-list-type": "set", "items": {**of(), "x-kubernetes-map-type": "atomic"},
    }), []),
    (of(x={
        "type": "array", "x-kubernetes-list-type": "set",
        "items": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
    }), [
        f'{X}.items.x-kubernetes-list-type: Invalid value: "set": must be atomic as item of a list with '
        "x-kubernetes-list-type=set",
    ]),
    (of(x={"type": "array", "items": TEXT, "x-kubernetes-list-map-keys": ["k"]}), [
        f"{X}.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty",
    ]),
    (of(x={"type": "array", "items": {**TEXT, "nullable": True}, "x-kubernetes-list-type": "set"}), [
        f"{X}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set",
    ]),
    (of(x={"type": "array", "items": TEXT, "x-kubernetes-list-type": "map"}), [
        f"{X}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        f'{X}.items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map',
    ]),
    (of(x=map_list(**{"x-kubernetes-list-map-keys": ["k", "k", "z"]})), [
        f'{X}.x-kubernetes-list-map-keys: Invalid value: ["k","k","z"]: must not contain duplicate entries',
        f'{X}.x-kubernetes-list-map-keys: Invalid value: ["k","k","z"]: entries must all be names of item properties',
    ]),
    (of(x=map_list(items=of(k={"type": "string", "nullable": True}))), [
        f"{X}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must "
        "have a default or be a required property",
        f"{X}.items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be "
        "nullable",
    ]),
    (of(x=map_list(items={**of(k={"type": "array", "items": TEXT}), "required": ["k"]})), [
        f'{X}.items.properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s '
        "x-kubernetes-list-type is map",
    ]),
    (of(x={"type": "string", "x-kubernetes-map-type": "odd"}), [
        f'{X}.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified',
        f'{X}.x-kubernetes-map-type: Unsupported value: "odd": supported values: "atomic", "granular"',
    ]),
    # defaults
    (of(x={"type": "string", "default": "a", "maxLength": 1}), []),
    (of(x={"type": "string", "default": "ab", "maxLength": 1}), [
        f"{X}.default: Too long: may not be more than 1 byte",
    ]),
    (of(x={**of(y=TEXT), "default": {"y": "a", "z": 1}}), [
        f'{X}.default: Invalid value: {{"y":"a","z":1}}: must not have unknown fields',
    ]),
    (of(x={**of(y=TEXT), "default": {"y": 1}}), [
        f'{X}.default.y: Invalid value: "integer": y in body must be of type string: "integer"',
    ]),
    (of(x={"type": "array", "items": {"type": "string", "default": 1}}), [
        f'{X}.items.default: Invalid value: "integer":  in body must be of type string: "integer"',
    ]),
    (of(metadata=of(name={"type": "string", "default": "a"})), [
        "S.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata",
    ]),
    (of(x={"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True,
           "default": {"kind": "A"}}), [f"{X}.default.apiVersion: Required value"]),
    (of(x=embedded(metadata=of(name={"type": "string", "default": "a.b"}))), []),
    (of(x=embedded(metadata=of(name={"type": "string", "default": "%"}))), [
        f'{X}.properties[metadata].properties[name].default: Invalid value: "%": must result in valid metadata: '
        "metadata.name: Invalid value: \"%\": may not contain '%'",
    ]),
    (of(x=embedded(metadata=of(labels={"type": "object", "additionalProperties": {"type": "string", "default": "a"}}))),
     [
        f"{X}.properties[metadata].properties[labels].additionalProperties.default: Forbidden: must not be set inside "
        "additionalProperties applying to object metadata",
    ]),
    (of(x=embedded(metadata=embedded())), [
        f"{X}.properties[metadata].properties: Required value: must not be empty if x-kubernetes-embedded-resource is "
        "true without x-kubernetes-preserve-unknown-fields",
        f"{X}.properties[metadata].x-kubernetes-embedded-resource: Forbidden: must not be used inside of resource meta",
    ]),
]


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_errors(schema: Schema, expected: list[str]) -> None:
    assert errors(schema) == expected


STATUS = "at the root of the schema if the status subresource is enabled"


@pytest.mark.parametrize(
    ("schema", "end"),
    [
        ({"type": "object", "required": ["a"], "description": "d"}, None),
        ({"type": "string"}, f'only "object" is allowed as the type {STATUS}'),
        ({"type": "object", "maxProperties": 0}, f"XPreserveUnknownFields XValidations] fields are allowed {STATUS}"),
        ({"type": "object", "oneOf": [{"required": ["a"]}]}, f"XValidations] fields are allowed {STATUS}"),
        ({"type": "object", "x-kubernetes-embedded-resource": False, "nullable": False}, None),
    ],
)
def test_the_root_beside_a_status(schema: Schema, end: str | None) -> None:
    found = [text for text in errors(schema, status=True) if STATUS in text]
    assert [text.endswith(end or "") for text in found] == ([True] if end else [])


RULE = "x-kubernetes-validations"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": " "}, ["rule: Required value: rule is not specified"]),
        ({"rule": "true", "message": " "}, ['message: Invalid value: " ": must be non-empty if specified']),
        ({"rule": "true", "message": "a\nb"}, ['message: Invalid value: "a\\nb": must not contain line breaks']),
        ({"rule": "true &&\ntrue"}, [
            "message: Required value: message must be specified if rule contains line breaks",
        ]),
        ({"rule": "true", "messageExpression": "  "}, [
            "messageExpression: Required value: messageExpression must be non-empty if specified",
        ]),
        ({"rule": "true", "reason": "Odd"}, [
            'reason: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", '
            '"FieldValueInvalid", "FieldValueRequired"',
        ]),
        ({"rule": "true", "fieldPath": ".y"}, []),
        ({"rule": "true", "fieldPath": ".z"}, ['fieldPath: Invalid value: ".z": must be a valid path']),
        ({"rule": "true", "fieldPath": " "}, [
            'fieldPath: Invalid value: " ": must be non-empty if specified',
            'fieldPath: Invalid value: " ": must be a valid path',
        ]),
        ({"rule": "true", "fieldPath": ".y\n"}, [
            'fieldPath: Invalid value: ".y\\n": must not contain line breaks',
            'fieldPath: Invalid value: ".y\\n": must be a valid path',
        ]),
    ],
)
def test_texts_of_rules(rule: Schema, expected: list[str]) -> None:
    assert errors(of(x={**of(y=TEXT), RULE: [rule]})) == [f"{X}.{RULE}[0].{text}" for text in expected]


def test_an_update_may_keep_what_the_old_schema_had() -> None:
    old = of(
        a={"type": "odd"}, b=map_list(items=of(k=TEXT)), d={},
        c={"type": "array", "x-kubernetes-list-type": "set", "items": of()},
    )
    assert len(errors(old)) == 4
    assert errors(old, options=options_for_update([known(old)])) == []
    assert len(errors(old, options=options_for_update([known(of())]))) == 4
    unpruned = of(x={**of(), "default": {"a": 1}})
    assert len(errors(unpruned)) == 1
    assert errors(unpruned, options=options_for_update([known(unpruned)])) == []


def test_of_very_many_errors_the_first_are_told() -> None:
    found = errors(of(**{f"p{i}": {"type": "odd"} for i in range(1500)}))
    assert 1000 <= len(found) < 1010


def test_deep_schemas_end_in_errors_or_none() -> None:
    schema: Schema = {"type": "string"}
    for _ in range(230):
        schema = {"type": "array", "items": schema}
    assert errors(of(x=schema)) == []
    for _ in range(230):
        schema = {"not": schema}
    assert errors(schema)


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    names = st.sampled_from(["a", "metadata", "kind", "x y", "$"])
    return st.fixed_dictionaries({}, optional={
        "properties": st.dictionaries(names, inner, max_size=3), "items": inner | st.lists(inner, max_size=2),
        "additionalProperties": inner | st.booleans(), "allOf": st.lists(inner, max_size=2), "not": inner,
        "oneOf": st.lists(inner, max_size=2), "definitions": st.dictionaries(names, inner, max_size=1),
        "dependencies": st.dictionaries(names, inner | st.lists(names, max_size=1), max_size=1),
        "patternProperties": st.dictionaries(names, inner, max_size=1), "additionalItems": inner | st.booleans(),
    })  # fmt: skip


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=3),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(st.sampled_from(["a", "metadata", "kind"]), v, max_size=2),
    max_leaves=4,
)
leaf = st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null", "odd"]),
    "default": values, "enum": st.lists(values, max_size=2), "nullable": st.booleans(), "id": st.text(max_size=1),
    "pattern": st.sampled_from(["(", "a"]), "format": st.sampled_from(["date", "odd"]), "$ref": st.just("#/a"),
    "maximum": st.floats(-3, 3), "maxItems": st.integers(-1, 3), "maxProperties": st.integers(-1, 3),
    "uniqueItems": st.booleans(), "required": st.lists(st.sampled_from(["a", "b"]), max_size=2),
    "x-kubernetes-preserve-unknown-fields": st.booleans(), "x-kubernetes-embedded-resource": st.booleans(),
    "x-kubernetes-int-or-string": st.booleans(), "x-kubernetes-list-type": st.sampled_from(["map", "set", "odd"]),
    "x-kubernetes-list-map-keys": st.lists(st.sampled_from(["a", "b"]), max_size=2),
    "x-kubernetes-map-type": st.sampled_from(["atomic", "odd"]),
    "x-kubernetes-validations": st.lists(st.fixed_dictionaries({}, optional={
        "rule": st.sampled_from(["", "self == self", "self.a > 1", "oldSelf == self", "1 +", "'"]),
        "message": st.text(max_size=2), "messageExpression": st.sampled_from(["'a'", "1", "("]),
        "fieldPath": st.sampled_from([".a", "[", "['a']", "a"]), "reason": st.text(max_size=1),
        "optionalOldSelf": st.booleans(),
    }), max_size=2),
})  # fmt: skip
schemas = st.recursive(leaf, lambda inner: st.builds(lambda a, b: {**a, **b}, leaf, nested(inner)), max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(schemas, schemas, st.booleans())
def test_whatever_comes_is_judged(schema: Schema, old: Schema, status: bool) -> None:
    errors(schema, status=status)
    errors(schema, status=status, options=options_for_update([known(old)]))
