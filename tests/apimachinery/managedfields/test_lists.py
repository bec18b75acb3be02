from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.managedfields.lists import Items, SetItems
from pilothouse.apimachinery.managedfields.typed import Mapping, Node, TypedError


def keyed(*keys: str, **defaults: object) -> Items:
    node = Items(keys, defaults)
    item = Mapping()
    item.values = Node()
    node.item = item
    return node


@pytest.mark.parametrize(("item", "element"), [
    ({"port": 80, "protocol": "UDP"}, 'k:{"port":80,"protocol":"UDP"}'),
    ({"port": 80}, 'k:{"port":80,"protocol":"TCP"}'),
    ({"port": 80.0}, 'k:{"port":80,"protocol":"TCP"}'),
    ({"protocol": "UDP"}, 'k:{"protocol":"UDP"}'),
    ({"port": None}, 'k:{"port":null,"protocol":"TCP"}'),
    ({"port": True, "protocol": '<"'}, 'k:{"port":true,"protocol":"\\u003c\\""}'),
])
def test_elements_of_keyed_lists(item: dict[str, Any], element: str) -> None:
    assert keyed("protocol", "port", protocol="TCP").element(item) == element


@pytest.mark.parametrize(("node", "item", "message"), [
    (keyed("name"), None, "associative list with keys may not have a null element"),
    (keyed("name"), "x", "associative list with keys may not have non-map elements"),
    (keyed("name", "b"), {"c": 1}, 'associative list with keys has an element that omits all key fields ["name" "b"] '
     "(and doesn't have default values for any key fields)"),
    (SetItems(), {}, "associative list without keys has an element that's a map type"),
    (SetItems(), [], "not supported: associative list with lists as elements"),
    (SetItems(), None, "associative list without keys has an element that's an explicit null"),
])
def test_items_without_an_element(node: Items, item: Any, message: str) -> None:
    with pytest.raises(TypedError) as e:
        node.element(item)
    assert str(e.value) == message


def test_elements_of_sets() -> None:
    assert [SetItems().element(item) for item in ("a", 1, 2.0, True)] == ['v:"a"', "v:1", "v:2", "v:true"]


@pytest.mark.parametrize(("old", "new", "merged"), [
    ("abc", "b", "abc"),
    ("abc", "cb", "acb"),
    ("abc", "xb", "axbc"),
    ("abc", "bx", "abcx"),
    ("abc", "xy", "abcxy"),
    ("abcd", "dxa", "bcdxa"),
    ("ab", "ba", "ba"),
    ("", "ba", "ba"),
    ("ab", "", "ab"),
    ("aab", "b", "aab"),
    ("aab", "xa", "xab"),
])
def test_order_of_merged_sets(old: str, new: str, merged: str) -> None:
    assert SetItems().merge(list(old), list(new)) == list(merged)


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_merged_sets_hold_all_items_and_the_order_of_the_new_one(old: list[str], new: list[str]) -> None:
    merged = SetItems().merge(old, new)
    assert len(merged) == len(set(merged))
    assert set(merged) == {*old, *new}
    assert [item for item in merged if item in new] == new
    assert [item for item in merged if item not in new] == [item for item in old if item not in new]
    assert SetItems().merge(merged, new) == merged


def test_items_are_merged_with_their_counterpart() -> None:
    old = [{"name": "a", "x": "1"}, {"name": "b", "x": "2"}]
    new = [{"name": "c"}, {"name": "b", "y": "3"}]
    assert keyed("name").merge(old, new) == [
        {"name": "a", "x": "1"}, {"name": "c"}, {"name": "b", "x": "2", "y": "3"},
    ]


def test_broken_items_cannot_be_compared() -> None:
    with pytest.raises(TypedError):
        keyed("name").diff([{"name": "a"}], ["x"])
    with pytest.raises(TypedError):
        keyed("name").owned([None])


def test_removing_from_what_is_no_list() -> None:
    assert keyed("name").remove("x", {}) is None
    assert keyed("name").remove([], {}) is None
    assert keyed("name").remove([{"name": "a"}], {}) == [{"name": "a"}]
