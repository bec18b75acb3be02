from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.patch import ordering
from pilothouse.apimachinery.status import StatusError


def test_items_are_the_same_only_with_the_same_type() -> None:
    assert ordering.without([1, "a", 2], [1]) == ["a", 2]
    assert ordering.without([True, 1.0], [1]) == [True, 1.0]
    assert ordering.distinct([1, 2, 1]) == [1, 2]
    assert ordering.distinct([1, 1.0, True, 1, "a", "a"]) == [1, 1.0, True, "a"]


@pytest.mark.parametrize(("ours", "others", "our_order", "server_order", "want"), [
    (["a"], [], ["a"], [], ["a"]),
    ([], ["a"], [], ["a"], ["a"]),
    (["b"], ["a", "c"], ["b"], ["a", "b", "c"], ["a", "b", "c"]),
    (["c", "a"], ["b"], ["c", "a"], ["a", "b", "c"], ["b", "c", "a"]),
    (["n"], ["a", "b"], ["n"], ["a", "b"], ["n", "a", "b"]),
    # an item passes all before it if the order does not know one of the two
    (["x", "a"], [], ["a"], [], ["a", "x"]),
    (["a", "x"], [], ["a"], [], ["x", "a"]),
])
def test_arranges(
    ours: list[str], others: list[str], our_order: list[str], server_order: list[str], want: list[str]
) -> None:
    assert ordering.arrange(ours, others, our_order, server_order, "", False) == want


@pytest.mark.parametrize("broken", ["x", {"value": 1}])
def test_objects_need_their_key(broken: Any) -> None:
    with pytest.raises(StatusError) as e:
        ordering.arrange([broken], [], [], [], "name", True)
    assert e.value.code == 500
    with pytest.raises(StatusError):
        ordering.partition([broken], [{"name": "a"}], "name")
    with pytest.raises(StatusError):
        ordering.check_order([broken], [{"name": "a"}], "name")


def test_finding_needs_objects() -> None:
    index = ordering.Index([{"name": "a"}, {"x": 1}, {"name": "b"}, {"name": "b"}], "name")
    assert (index.find("b"), index.find("z")) == (2, -1)
    index.add("z", 4)
    assert index.find("z") == 4
    odd = ordering.Index([{"name": "a"}, "x", {"name": "b"}], "name")
    assert odd.find("a") == 0
    for name in ("b", "z"):
        with pytest.raises(StatusError, match="value for key 1 is not a map"):
            odd.find(name)


@given(st.lists(st.integers(0, 9), unique=True), st.lists(st.integers(10, 19), unique=True), st.randoms())
def test_both_sides_keep_their_order(ours: list[int], others: list[int], random: Any) -> None:
    server = ours[: len(ours) // 2] + others
    random.shuffle(server)
    arranged = ordering.arrange(ours, others, ours, server, "", False)
    assert [i for i in arranged if i in ours] == ours
    assert [i for i in arranged if i not in ours] == [i for i in server if i in others]


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_sorts_as_an_insertion_sort_does(items: list[int], order: list[int]) -> None:
    want: list[int] = []
    for item in items:
        at = len(want)
        while at and (not {item, want[at - 1]} <= set(order) or order.index(item) < order.index(want[at - 1])):
            at -= 1
        want.insert(at, item)
    assert ordering.arrange(items, [], order, [], "", False) == want


def test_long_lists_in_reverse_order() -> None:
    order = list(range(200_000))
    assert ordering.arrange(order[::-1], [], order, [], "", False) == order
