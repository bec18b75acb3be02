"""Pruning."""

import copy
from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.structural.model import Structural, new_structural
from pilothouse.apimachinery.structural.pruning import META_FIELDS, paths, prune

from .strategies import OBJECTS, SCHEMAS, UNHURRIED

PRESERVE = {"x-kubernetes-preserve-unknown-fields": True}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


STRING = {"type": "string"}


@pytest.mark.parametrize(("schema", "obj", "pruned", "unknown"), [
    (_object({"a": STRING}), {"a": "x", "b": 1, "kind": "K", "metadata": {"zzz": 1}},
     {"a": "x", "kind": "K", "metadata": {"zzz": 1}}, ["b"]),
    (_object({"a": STRING}), {"a": {"b": 1, "c": {}}}, {"a": {}}, ["a.b", "a.c"]),
    (_object({"a": {"type": "array", "items": _object({"b": STRING})}}), {"a": [{"b": "", "c": 1}, {"d": 1}, 3]},
     {"a": [{"b": ""}, {}, 3]}, ["a[0].c", "a[1].d"]),
    (_object({"a": {"type": "array"}}), {"a": [[{"x": 1}], 3]}, {"a": [[{}], 3]}, ["a[0][0].x"]),
    (_object({"a": {"type": "object", "additionalProperties": _object({"b": STRING})}}),
     {"a": {"x": {"b": "1", "c": 1}, "y": 3}}, {"a": {"x": {"b": "1"}, "y": 3}}, ["a.x.c"]),
    (_object({"a": {"type": "object", "additionalProperties": True}}), {"a": {"x": {"b": 1}, "y": [3]}},
     {"a": {"x": {}, "y": [3]}}, ["a.x.b"]),
    (_object({"a": _object({"b": _object({"c": STRING})}, **PRESERVE)}),
     {"a": {"b": {"c": "", "d": 1}, "e": {"f": 1}}}, {"a": {"b": {"c": ""}, "e": {"f": 1}}}, ["a.b.d"]),
    (_object({"a": {"type": "array", "items": _object({"b": STRING}), **PRESERVE}}), {"a": [{"b": "", "c": {"d": 1}}]},
     {"a": [{"b": "", "c": {"d": 1}}]}, []),
    (_object({"a": _object({"spec": _object({})}, **{"x-kubernetes-embedded-resource": True})}),
     {"a": {"kind": "K", "apiVersion": "v1", "metadata": {"q": 1}, "spec": {"x": 1}, "y": 2}},
     {"a": {"kind": "K", "apiVersion": "v1", "metadata": {"q": 1}, "spec": {}}}, ["a.spec.x", "a.y"]),
    (_object({"a": _object({})}), {"a": {"metadata": {}, "kind": ""}}, {"a": {}}, ["a.kind", "a.metadata"]),
])
def test_cases(schema: dict[str, Any], obj: dict[str, Any], pruned: dict[str, Any], unknown: list[str]) -> None:
    assert paths(prune(obj, new_structural(schema))) == unknown
    assert obj == pruned


def test_roots_without_schema_or_metadata() -> None:
    obj = {"kind": "K", "a": {"b": 1}, "metadata": {}}
    assert paths(prune(obj, None)) == ["a"]
    assert obj == {"kind": "K", "metadata": {}}
    # not a resource: metadata goes too, but nobody is told
    obj = {"kind": "K", "a": {"b": 1}, "metadata": {}}
    assert paths(prune(obj, Structural(), is_resource_root=False)) == ["a"]
    assert obj == {}


def test_scalars_are_left_alone() -> None:
    assert prune("x", Structural()) == []


@UNHURRIED
@given(SCHEMAS, OBJECTS)
def test_twice_is_once(schema: dict[str, Any], obj: dict[str, Any]) -> None:
    s = new_structural(schema)
    before = copy.deepcopy(obj)
    unknown = prune(obj, s)
    assert (obj == before) == (not unknown)
    assert not META_FIELDS.intersection(paths(unknown))
    once = copy.deepcopy(obj)
    assert prune(obj, s) == []
    assert obj == once


def test_the_deepest_object() -> None:
    s: dict[str, Any] = {"type": "object"}
    obj: dict[str, Any] = {"x": 1}
    for _ in range(116):
        s, obj = _object({"a": s}), {"a": obj}
    assert paths(prune(obj, new_structural(s)))[0].endswith(".a.x")


def test_only_so_many_are_told() -> None:
    obj = {"a": {str(i): i for i in range(5000)}}
    assert len(paths(prune(obj, new_structural(_object({"a": _object({})}))))) == 1000
    assert obj == {"a": {}}


def test_paths_are_of_reasonable_length() -> None:
    obj = {"k" * 100_000: [{"x": 1}] * 2}
    (path,) = set(paths(prune(obj, new_structural({"type": "object", "properties": {}}), is_resource_root=False)))
    assert path == "k" * 4096
