"""Defaulting."""

import copy
from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.structural.defaulting import deep_copy, default, most_added, prune_defaults, prune_nulls
from pilothouse.apimachinery.structural.model import StructuralError, new_structural

from .strategies import JSON, OBJECTS, SCHEMAS, UNHURRIED


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


A = {"type": "string", "default": "A"}
NULLABLE = {"type": "string", "default": "N", "nullable": True}


@pytest.mark.parametrize(("schema", "obj", "expected"), [
    (_object(a=A, n=NULLABLE), {}, {"a": "A", "n": "N"}),
    (_object(a=A, n=NULLABLE), {"a": None, "n": None}, {"a": "A", "n": None}),
    (_object(a=A), {"a": "", "b": None}, {"a": "", "b": None}),
    (_object(o={**_object(a=A), "default": {}}), {}, {"o": {"a": "A"}}),
    (_object(o=_object(a=A)), {}, {}),
    (_object(o=_object(a=A)), {"o": None}, {}),
    (_object(l={"type": "array", "items": _object(a=A)}), {"l": [{}, None, {"a": "x"}, 3]},
     {"l": [{"a": "A"}, None, {"a": "x"}, 3]}),
    (_object(l={"type": "array", "items": A}), {"l": [None, "x"]}, {"l": ["A", "x"]}),
    (_object(m={"type": "object", "additionalProperties": _object(a=A)}), {"m": {"x": {}, "y": None}},
     {"m": {"x": {"a": "A"}}}),
    (_object(m={"type": "object", "additionalProperties": A}), {"m": {"x": None}}, {"m": {"x": "A"}}),
    (_object(s={"type": "string"}, n={"type": "string", "nullable": True}), {"s": None, "n": None}, {"n": None}),
    (_object(l={"type": "array", "items": _object(s={"type": "string"})}), {"l": [{"s": None}, None]},
     {"l": [{}, None]}),
])
def test_cases(schema: dict[str, Any], obj: dict[str, Any], expected: dict[str, Any]) -> None:
    s = new_structural(schema)
    prune_nulls(obj, s)
    default(obj, s)
    assert obj == expected


def test_defaults_are_copied() -> None:
    s = new_structural(_object(l={"type": "array", "default": [{"a": [1]}]}))
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    default(one, s)
    one["l"][0]["a"].append(2)
    default(two, s)
    assert two == {"l": [{"a": [1]}]}


def test_nulls_in_defaults_stay() -> None:
    s = new_structural(_object(o={**_object(a={"type": "string"}), "default": {"a": None}}))
    obj: dict[str, Any] = {}
    prune_nulls(obj, s)
    default(obj, s)
    assert obj == {"o": {"a": None}}


def test_pruning_of_defaults() -> None:
    s = new_structural({"type": "object", "properties": {
        "o": {**_object(a={"type": "string"}), "default": {"a": "x", "b": 1}},
        "l": {"type": "array", "items": {**_object(a={"type": "string"}), "default": {"b": 1}}},
        "m": {"type": "object", "additionalProperties": {**_object(a={"type": "string"}), "default": {"a": 1, "b": 2}}},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True,
                "default": {"metadata": {"name": "n", "zzz": 1, "labels": "wrong"}, "kind": 3, "q": 1},
                "properties": {"metadata": {"type": "object", "default": {"name": "x", "generation": "q"}}}},
        "s": {"type": "string", "default": "x"},
    }, "default": {"o": {"b": 1}, "q": 2}})
    prune_defaults(s)
    assert s.default == {"o": {}}
    p = s.properties
    assert p["o"].default == {"a": "x"}
    items, values = p["l"].items, p["m"].additional_properties
    assert items is not None and items.default == {}
    assert not isinstance(values, bool | None) and values.default == {"a": 1}
    assert p["pod"].default == {"metadata": {"name": "n"}, "q": 1}
    assert p["pod"].properties["metadata"].default == {"name": "x"}
    assert p["s"].default == "x"


def test_root_defaults_are_objects() -> None:
    with pytest.raises(StructuralError, match="object root default value must be of object type"):
        prune_defaults(new_structural({"type": "object", "default": 3}))


@UNHURRIED
@given(SCHEMAS, OBJECTS)
def test_twice_is_once(schema: dict[str, Any], obj: dict[str, Any]) -> None:
    s = new_structural(schema)
    prune_nulls(obj, s)
    cleaned = copy.deepcopy(obj)
    prune_nulls(obj, s)
    assert obj == cleaned
    default(obj, s)
    defaulted = copy.deepcopy(obj)
    default(obj, s)
    assert obj == defaulted


@UNHURRIED
@given(SCHEMAS)
def test_any_default_can_be_pruned(schema: dict[str, Any]) -> None:
    s = new_structural(_object(a=schema))
    prune_defaults(s)
    pruned = [node.default for _, node in s.walk()]
    prune_defaults(s)
    assert [node.default for _, node in s.walk()] == pruned


@UNHURRIED
@given(JSON)
def test_copies_are_equal(value: Any) -> None:
    assert deep_copy(value) == value


def _values(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, below))


def _places(value: Any) -> int:
    """Objects and nulls."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (value is None or isinstance(value, dict)) + sum(map(_places, below))


@UNHURRIED
@given(SCHEMAS, OBJECTS)
def test_no_more_is_added_than_is_said(schema: dict[str, Any], obj: dict[str, Any]) -> None:
    structural = new_structural(schema)
    before, places = _values(obj), _places(obj)
    default(obj, structural)
    assert _values(obj) - before <= most_added(structural) * places


def test_what_is_added_at_most() -> None:
    many = {**_object(**{f"p{i}": A for i in range(10)}), "default": {"p1": "x", "other": [{}, 1]}}
    assert most_added(new_structural(_object(a={"type": "string"}))) == 0
    # ten texts, and an object of its ten and three more; the inner ones are counted for objects that are sent, too
    assert most_added(new_structural(_object(spec=many))) == 10 + 14
    of_lists = {"type": "array", "items": many, "default": [{}] * 1000}
    assert most_added(new_structural(_object(spec=of_lists))) == 10 + 14 + 1 + 1000 * 11


def test_defaults_that_multiply_are_not_set_without_end() -> None:
    """All of them would fill the memory of any machine."""
    properties = {f"p{i}": {"type": "string", "default": "x" * 1000} for i in range(1000)}
    schema = new_structural(_object(l={"type": "array", "items": _object(**properties)}))
    obj: dict[str, Any] = {"l": [{} for _ in range(1_000_000)]}
    assert not default(obj, schema)
    assert sum(map(len, obj["l"])) < 10_000
    assert default({"l": [{}]}, schema)
