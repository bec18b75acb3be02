"""Value validation: texts, order and ratcheting."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.apimachinery.field import MOST_ERRORS
from pilothouse.apimachinery.structural.correlation import Correlated, deep_equal
from pilothouse.apimachinery.structural.values import ValueValidator, validate_value


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    found = ValueValidator(field_of(schema)).validate({"x": value})
    return [f"{e.reason.removeprefix('FieldValue')} {e}" for e in found]


def field_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": schema}}


#: What errors without a path start with.
NIL = 'Invalid <nil>: Invalid value: "": '

CASES: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"type": "string"}, 1, ['TypeInvalid x: Invalid value: "integer": x in body must be of type string: "integer"']),
    ({"type": "string"}, None, ['TypeInvalid x: Invalid value: "null": x in body must be of type string: "null"']),
    ({"type": "string", "nullable": True}, None, []),
    ({}, None, []),
    ({"type": "integer"}, 1.0, []),
    ({"type": "integer"}, 1.5, [
        'TypeInvalid x: Invalid value: "number": x in body must be of type integer: "number"',
        NIL + 'Checked value must be of type integer (default format) in x',
    ]),
    ({"type": "integer"}, 2**63, [
        'TypeInvalid x: Invalid value: "number": x in body must be of type integer: "number"',
        NIL + 'Checked value must be of type integer (default format) in x',
    ]),
    ({"type": "integer", "format": "int32"}, 2**31, [
        NIL + 'Checked value must be of type integer with format int32 in x',
    ]),
    ({"type": "integer", "format": "int32"}, True, [
        'TypeInvalid x: Invalid value: "": x in body must be of type int32: ""',
    ]),
    ({"type": "integer", "format": "int64"}, "a", [
        'TypeInvalid x: Invalid value: "string": x in body must be of type integer: "string"',
    ]),
    ({"type": "number"}, 1, []),
    ({"type": "number", "format": "float"}, 1e39, [
        NIL + 'Checked value must be of type number with format float in x',
    ]),
    ({"type": "integer", "minimum": 2}, 1, [
        "Invalid x: Invalid value: 1: x in body should be greater than or equal to 2",
    ]),
    ({"type": "integer", "minimum": 2, "exclusiveMinimum": True}, 2, [
        "Invalid x: Invalid value: 2: x in body should be greater than 2",
    ]),
    ({"type": "number", "maximum": 1.5}, 1.75, [
        "Invalid x: Invalid value: 1.75: x in body should be less than or equal to 1.5",
    ]),
    ({"type": "number", "maximum": 3, "exclusiveMaximum": True}, 3.0, [
        "Invalid x: Invalid value: 3: x in body should be less than 3",
    ]),
    # a limit is cut off for an integer, and one that does not fit the type is an error of its own
    ({"type": "number", "maximum": 5.5}, 6, [
        "Invalid x: Invalid value: 6: x in body should be less than or equal to 5",
    ]),
    ({"type": "integer", "maximum": 5.5}, 5, [
        NIL + 'Maximum boundary value must be of type integer (default format) in x',
    ]),
    ({"type": "integer", "multipleOf": 3}, 4, ["Invalid x: Invalid value: 4: x in body should be a multiple of 3"]),
    ({"type": "number", "multipleOf": 0.1}, 0.3, []),
    ({"type": "number", "multipleOf": 0.1}, 0.35, [
        "Invalid x: Invalid value: 0.35: x in body should be a multiple of 0.1",
    ]),
    ({"type": "string", "maxLength": 1}, "éé", ["TooLong x: Too long: may not be more than 1 byte"]),
    ({"type": "string", "maxLength": 2}, "éé", []),
    ({"type": "string", "minLength": 3, "pattern": "z"}, "a", [
        'Invalid x: Invalid value: "a": x in body should be at least 3 chars long',
    ]),
    ({"type": "string", "pattern": "^a+$"}, "b", ["Invalid x: Invalid value: \"b\": x in body should match '^a+$'"]),
    ({"type": "string", "pattern": "("}, "b", [
        'Invalid x: Invalid value: "b": x in body should match '
        "'(, but pattern is invalid: error parsing regexp: missing closing ): `(`'",
    ]),
    ({"type": "string", "format": "date"}, "b", [
        'TypeInvalid x: Invalid value: "b": x in body must be of type date: "b"',
    ]),
    ({"type": "string", "format": "date"}, 1, [
        'TypeInvalid x: Invalid value: "int64": x in body must be of type date: "int64"',
    ]),
    # a list passes for a string with a format
    ({"type": "string", "format": "date"}, [], []),
    ({"type": "string", "format": "unheard-of"}, "b", []),
    ({"x-kubernetes-int-or-string": True}, "5", []),
    ({"x-kubernetes-int-or-string": True}, True, [
        'TypeInvalid x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"',
    ]),
    ({"type": "string", "enum": ["a", "b"]}, "c", [
        'NotSupported x: Unsupported value: "c": supported values: "a", "b"',
    ]),
    ({"enum": [1, True, {"b": 1.0, "a": None}]}, {"b": 2.0, "a": "<"}, [
        'NotSupported x: Unsupported value: {"a":"\\u003c","b":2}: '
        'supported values: "1", "true", "{\\"a\\":null,\\"b\\":1}"',
    ]),
    ({"type": "string", "nullable": True, "enum": ["a", None]}, None, [
        'NotSupported x: Unsupported value: null: supported values: "a", "null"',
    ]),
    ({"type": "number", "enum": [1]}, 1.5, []),
    ({"type": "array", "maxItems": 1, "items": {"type": "string"}}, ["a", 2], [
        'TypeInvalid x[1]: Invalid value: "integer": x[1] in body must be of type string: "integer"',
        "TooMany x: Too many: 2: must have at most 1 item",
    ]),
    ({"type": "array", "minItems": 2}, [1], ["Invalid x: Invalid value: 1: x in body should have at least 2 items"]),
    ({"type": "array", "uniqueItems": True}, [{"a": 1}, {"a": 1}], [
        "Invalid x: Invalid value: \"\": x in body shouldn't contain duplicates",
    ]),
    ({"type": "array", "uniqueItems": True}, [1, 1.0, True, {"a": 1}, {"a": 1.0}], []),
    ({"type": "object", "required": ["b", "a"]}, {}, ["Required x.b: Required value", "Required x.a: Required value"]),
    ({"type": "object", "minProperties": 1}, {}, [
        "Invalid x: Invalid value: 0: x in body should have at least 1 properties",
    ]),
    ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 2}, ["TooMany x: Too many: 2: must have at most 1 item"]),
    ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, [
        'Invalid x: Invalid value: "b": x.b in body is a forbidden property',
    ]),
    ({"type": "object", "additionalProperties": {"type": "string"}}, {"b": 2}, [
        'TypeInvalid x.b: Invalid value: "integer": x.b in body must be of type string: "integer"',
    ]),
    # that a type was looked at counts as a match, even where it is wrong
    ({"anyOf": [{"required": ["a"]}, {"type": "string"}]}, {}, [
        NIL + '"x" must validate at least one schema (anyOf)',
        'TypeInvalid x: Invalid value: "object": x in body must be of type string: "object"',
    ]),
    ({"oneOf": [{"type": "object"}, {"required": ["a"]}]}, {"a": 1}, [
        NIL + '"x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]),
    ({"oneOf": [{"required": ["b"]}, {"required": ["a"]}]}, {}, [
        NIL + '"x" must validate one and only one schema (oneOf). Found none valid',
        "Required x.b: Required value",
    ]),
    ({"allOf": [{"required": ["b"]}, {"type": "object"}]}, {}, [
        "Required x.b: Required value",
        NIL + '"x" must validate all the schemas (allOf)',
    ]),
    ({"allOf": [{"required": ["b"]}]}, {}, [
        "Required x.b: Required value",
        NIL + '"x" must validate all the schemas (allOf). None validated',
    ]),
    ({"not": {"required": ["b"]}}, {"b": 1}, [NIL + '"x" must not validate the schema (not)']),
]


@pytest.mark.parametrize(("schema", "value", "expected"), CASES)
def test_errors(schema: dict[str, Any], value: Any, expected: list[str]) -> None:
    assert errors(schema, value) == expected


def test_the_root_has_no_path() -> None:
    validator = ValueValidator({"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}})
    assert [str(e) for e in validator.validate([])] == [
        '<nil>: Invalid value: "array":  in body must be of type object: "array"'
    ]
    assert [e.field for e in validator.validate({"b": 1})] == ["b", "a"]
    assert [e.field for e in validator.validate({"b": 1}, "status")] == ["status.b", "status.a"]


def test_of_alternatives_the_errors_of_the_nearest_are_shown() -> None:
    near = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    schema = {"type": "object", "anyOf": [{"required": ["z"]}, near]}
    assert errors(schema, {"a": "1", "b": 2})[1:] == [
        'TypeInvalid x.b: Invalid value: "integer": x.b in body must be of type string: "integer"'
    ]


def test_of_very_many_errors_the_first_are_told() -> None:
    found = errors({"type": "array", "items": {"type": "string"}}, list(range(1500)))
    assert len(found) == 1000
    assert found[-1].startswith("TypeInvalid x[999]:")


RATCHETED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "maxLength": 1},
        "spec": {
            "type": "object",
            "properties": {
                "a": {"type": "string", "maxLength": 1},
                "list": {"type": "array", "items": {"type": "string", "maxLength": 1}},
                "map": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "properties": {"name": {}, "v": {"type": "string", "maxLength": 1}}},
                },
                "any": {"anyOf": [{"properties": {"v": {"maxLength": 1}}}], "properties": {"v": {"type": "string"}}},
            },
        },
    },
}


@pytest.mark.parametrize(
    ("new", "old", "fields"),
    [
        ({"a": "long"}, {"a": "long", "b": 1}, []),
        ({"a": "long"}, {"a": "longer"}, ["spec.a"]),
        ({"a": "long"}, {}, ["spec.a"]),
        ({"list": ["long", "b"]}, {"list": ["long"]}, ["spec.list[0]"]),
        ({"list": ["long"], "a": "b"}, {"list": ["long"]}, []),
        (
            {"map": [{"name": "x"}, {"name": "y", "v": "long"}, {"name": "z", "v": "long"}]},
            {"map": [{"name": "y", "v": "long"}]},
            ["spec.map[2].v"],
        ),
        # alternatives are not ratcheted, but what they stand on is
        ({"any": {"v": "long", "w": 1}}, {"any": {"v": "long"}}, ["<nil>", "spec.any.v"]),
        ({"any": {"v": "long"}, "a": "b"}, {"any": {"v": "long"}}, []),
        # what the schema does not know counts as a change of what holds it
        ({"any": {"v": "long", "w": 1}, "a": "b"}, {"any": {"v": "long", "w": 1}}, ["<nil>", "spec.any.v"]),
    ],
)
def test_ratcheting(new: dict[str, Any], old: dict[str, Any], fields: list[str]) -> None:
    validator = ValueValidator(RATCHETED)
    assert [e.field for e in validator.validate_update({"spec": new}, {"spec": old})] == fields


def test_the_type_of_the_object_is_not_ratcheted() -> None:
    validator = ValueValidator(RATCHETED)
    assert [e.field for e in validator.validate_update({"kind": "AB", "x": 1}, {"kind": "AB"})] == ["kind"]


def test_correlation_of_map_lists_takes_the_first_of_the_same_key() -> None:
    schema = ValueValidator(RATCHETED).schema.properties["spec"].properties["map"]
    correlated = Correlated([{"name": 1}, {"name": True}], [{"name": 1, "v": "a"}, {"name": 1, "v": "b"}], schema)
    first = correlated.index(0)
    assert first is not None
    assert first.old == {"name": 1, "v": "a"}
    assert correlated.index(1) is None
    assert not correlated.unchanged()


@pytest.mark.parametrize(
    ("a", "b", "equal"), [(1, 1, True), (1, 1.0, False), (1, True, False), ([{"a": 1}], [{"a": 1}], True)]
)
def test_deep_equal(a: Any, b: Any, equal: bool) -> None:
    assert deep_equal(a, b) is equal


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    types = st.sampled_from(["string", "integer", "number", "boolean", "array", "object"])
    counts = st.integers(0, 3)
    limits = st.integers(-5, 5) | st.floats(-5, 5) | st.just(1e300)
    leaf = st.fixed_dictionaries({}, optional={
        "type": types, "nullable": st.booleans(), "x-kubernetes-int-or-string": st.booleans(),
        "format": st.sampled_from(["date", "int32", "int64", "float", "double", "email", "uri", "x"]),
        "enum": st.lists(json_values, min_size=1, max_size=3), "maximum": limits, "minimum": limits,
        "exclusiveMaximum": st.booleans(), "multipleOf": limits, "maxLength": counts, "minLength": counts,
        "pattern": st.sampled_from(["^a", "(", "[0-9]"]), "maxItems": counts, "minItems": counts,
        "uniqueItems": st.booleans(), "maxProperties": counts, "minProperties": counts,
        "required": st.lists(st.sampled_from("abc"), max_size=2),
        "x-kubernetes-list-type": st.sampled_from(["map", "set", "atomic"]),
        "x-kubernetes-list-map-keys": st.lists(st.sampled_from("abc"), max_size=2),
    })  # fmt: skip

    def node(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        more = st.fixed_dictionaries({}, optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3), "items": inner,
            "additionalProperties": inner | st.booleans(), "allOf": st.lists(inner, max_size=2),
            "anyOf": st.lists(inner, max_size=2), "oneOf": st.lists(inner, max_size=2), "not": inner,
        })  # fmt: skip
        return st.builds(lambda a, b: {**a, **b}, leaf, more)

    return st.recursive(leaf, node, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(schemas(), json_values, json_values)
def test_the_quick_look_says_yes_only_to_what_is_valid(schema: dict[str, Any], value: Any, old: Any) -> None:
    validator = ValueValidator(schema)
    found = validate_value(validator.schema, value, "", None).at("")
    if validator._quick(value):
        assert found == []
    assert validator.validate(value) == found
    assert len(validator.validate_update(value, old)) <= len(found)
    assert all(str(e) for e in found)


def test_long_enums_are_looked_up() -> None:
    """To compare each value with each allowed one would take hours."""
    many = 30_000
    allowed: list[Any] = [*range(many), *({"n": i} for i in range(many))]
    validator = ValueValidator({"type": "array", "items": {"enum": allowed}})
    assert not validator.validate([*allowed, *map(float, range(many))])
    found = validator.validate([{"n": -1 - i} for i in range(many)])
    assert len(found) == MOST_ERRORS
    assert all(error.detail is found[0].detail for error in found)  # or it would fill the memory


def test_very_long_patterns_stand_in_few_errors() -> None:
    pattern = "|".join(f"a{i}" for i in range(2000))
    validator = ValueValidator({"type": "array", "items": {"type": "string", "pattern": pattern}})
    assert 0 < len(validator.validate([f"b{i}" for i in range(1000)])) < 200
