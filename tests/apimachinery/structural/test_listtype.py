"""Sets and maps."""

from typing import Any

import pytest
from hypothesis import given

from pilothouse.apimachinery.structural.listtype import validate_lists
from pilothouse.apimachinery.structural.model import new_structural

from .strategies import OBJECTS, SCHEMAS, UNHURRIED

SET = {"type": "array", "x-kubernetes-list-type": "set"}


def _map(*keys: str) -> dict[str, Any]:
    return {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


@pytest.mark.parametrize(("schema", "value", "errors"), [
    (SET, [1, 2, 1, 1], ["a[2]: Duplicate value: 1"]),
    (SET, [1, True, 1.0, "1", None, 0, False], []),
    (SET, [None, None], ["a[1]: Duplicate value: null"]),
    (SET, [{"x": 1, "y": 2}, {"y": 2, "x": 1}], ['a[1]: Duplicate value: {"y":2,"x":1}']),
    (SET, [[2**70], [2**70]], ["a[1]: Duplicate value: [1180591620717411303424]"]),
    (_map("k"), [{"k": 1}, {"k": 2}, {"k": 1, "v": 3}], ['a[2]: Duplicate value: {"k":1}']),
    (_map("k"), [{}, {"k": None}, {"v": 1}, None], ["a[2]: Duplicate value: {}"]),
    (_map("k", "l"), [{"k": 1, "l": 1}, {"k": 1}, {"l": 1, "k": 1}, None, {}],
     ['a[2]: Duplicate value: {"k":1,"l":1}', "a[4]: Duplicate value: {}"]),
    (_map("k"), [{"k": 1}, 3], ["a[1]: Invalid value: 3: must be an object for an array of list-type map"]),
    (_map("k"), "wrong type", []),
    ({"type": "array", "items": SET}, [[1], [2, 2]], ["a[1][1]: Duplicate value: 2"]),
    ({"type": "object", "additionalProperties": SET}, {"x": [1, 1]}, ["a[x][1]: Duplicate value: 1"]),
])
def test_cases(schema: dict[str, Any], value: Any, errors: list[str]) -> None:
    s = new_structural({"type": "object", "properties": {"a": schema}})
    assert [str(e) for e in validate_lists({"a": value}, s)] == errors


@UNHURRIED
@given(SCHEMAS, OBJECTS)
def test_anything_can_be_checked(schema: dict[str, Any], obj: dict[str, Any]) -> None:
    for error in validate_lists(obj, new_structural(schema)):
        assert str(error)


def test_only_so_many_are_told() -> None:
    s = new_structural({"type": "object", "additionalProperties": SET})
    assert len(validate_lists({"a": [*range(5000), *range(5000)], "b": [1, 1]}, s)) == 1000
    long = "k" * 100_000
    errors = validate_lists({long: [[1], [1]]}, new_structural({"type": "object", "additionalProperties": SET}))
    assert [len(e.field) for e in errors] == [4096]
