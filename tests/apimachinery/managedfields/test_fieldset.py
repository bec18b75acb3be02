import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.fieldset import FieldSet, Path

elements = st.sampled_from([
    "f:a", "f:b", "f:c", 'k:{"name":"x"}', 'k:{"n":2}', 'k:{"n":10}', 'v:"x"', "v:2", "v:10", "i:1", "i:10",
])
path_sets = st.sets(st.lists(elements, min_size=1, max_size=4).map(tuple), max_size=8)


def build(paths: Iterable[Path]) -> FieldSet:
    out: FieldSet = {}
    for path in paths:
        out = fieldset.union(out, fieldset.single(path))
    return out


def members(fields: FieldSet) -> set[Path]:
    found = list(fieldset.paths(fields))
    assert len(found) == len(set(found))
    return set(found)


def check_form(fields: FieldSet, root: bool = True) -> None:
    """The root has no member of its own, and `{".": {}}` is written `{}`."""
    assert root or fields != {".": {}}
    for element, node in fields.items():
        if element == ".":
            assert not root and node == {}
        else:
            check_form(node, root=False)


@given(path_sets)
def test_a_set_is_its_paths(paths: set[Path]) -> None:
    fields = build(paths)
    check_form(fields)
    assert members(fields) == paths
    assert all(fieldset.has(fields, path) for path in paths)


@given(path_sets, path_sets)
def test_algebra(a: set[Path], b: set[Path]) -> None:
    x, y = build(a), build(b)
    before = json.dumps([x, y])
    results = {
        "union": (fieldset.union(x, y), a | b),
        "intersection": (fieldset.intersection(x, y), a & b),
        "difference": (fieldset.difference(x, y), a - b),
        "recursive": (
            fieldset.recursive_difference(x, y),
            {path for path in a if not any(path[: i + 1] in b for i in range(len(path)))},
        ),
    }
    for fields, wanted in results.values():
        check_form(fields)
        assert members(fields) == wanted
    assert json.dumps([x, y]) == before


@given(path_sets, st.lists(elements, max_size=4).map(tuple))
def test_has(paths: set[Path], path: Path) -> None:
    assert fieldset.has(build(paths), path) == (path in paths)


@given(path_sets)
def test_fields_v1_round_trip(paths: set[Path]) -> None:
    fields = fieldset.sort(build(paths))
    assert members(fields) == paths
    assert fieldset.sort(fields) is fields
    again = fieldset.parse(json.loads(json.dumps(fields)))
    assert json.dumps(again) == json.dumps(fields)


@given(path_sets, st.randoms())
def test_order_does_not_depend_on_how_a_set_came_to_be(paths: set[Path], random: Any) -> None:
    shuffled = sorted(paths)
    random.shuffle(shuffled)
    assert json.dumps(fieldset.sort(build(shuffled))) == json.dumps(fieldset.sort(build(sorted(paths))))


def test_order() -> None:
    fields = {'v:"b"': {}, 'k:{"n":10}': {}, 'k:{"n":9}': {"f:b": {}, ".": {}}, "f:z": {}, "f:a": {}, "i:1": {}}
    assert list(fieldset.sort(fields)) == ["f:a", "f:z", 'k:{"n":9}', 'k:{"n":10}', 'v:"b"', "i:1"]
    assert list(fieldset.sort(fields)['k:{"n":9}']) == [".", "f:b"]


def test_paths_are_told_level_by_level() -> None:
    fields = {"f:b": {}, "f:a": {".": {}, "f:x": {"f:y": {}}, "f:z": {}}}
    assert list(fieldset.paths(fields)) == [
        ("f:a",), ("f:b",), ("f:a", "f:z"), ("f:a", "f:x", "f:y"),
    ]


def test_from_paths() -> None:
    assert fieldset.from_paths([("metadata",), ("metadata", "name"), ("status",)]) == {
        "f:metadata": {".": {}, "f:name": {}}, "f:status": {},
    }


def test_display() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"c"}', "f:args", 'v:"x"')
    assert fieldset.display(path) == '.spec.containers[name="c"].args[="x"]'


@pytest.mark.parametrize(("node", "is_member", "has_children"), [
    (None, False, False), ({}, True, False), ({".": {}, "f:a": {}}, True, True), ({"f:a": {}}, False, True),
])
def test_nodes(node: FieldSet | None, is_member: bool, has_children: bool) -> None:
    assert fieldset.is_member(node) == is_member
    assert fieldset.has_children(node) == has_children
    assert fieldset.is_member(fieldset.member(node))


@pytest.mark.parametrize(("written", "read"), [
    (None, {}),
    ({}, {}),
    ({".": {}}, {}),
    ({".": {}, "f:a": {}}, {"f:a": {}}),
    ({"f:a": {".": {}}}, {"f:a": {}}),
    ({"f:a": None}, {"f:a": {}}),
    ({"x:future": {"f:a": {}}}, {}),
    ({"f:a": {"x:future": {}}}, {"f:a": {}}),
    ({"v:1": {}, "v:1.0": {"f:a": {}}}, {"v:1": {".": {}, "f:a": {}}}),
])
def test_parse(written: Any, read: FieldSet) -> None:
    assert fieldset.parse(written) == read


@pytest.mark.parametrize("written", [5, [], "x", {"f:a": 1}, {"a": {}}, {"noprefix": {}}, {"k:x": {}}])
def test_parse_refuses(written: Any) -> None:
    with pytest.raises(ValueError):
        fieldset.parse(written)
