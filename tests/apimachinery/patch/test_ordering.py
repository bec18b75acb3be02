from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.patch import ordering
from pilothouse.apimachinery.status import StatusError


def test_items_are_the_same_only_with_the_same_type() -> None:
    assert ordering.contains([1, "a"], 1)
    assert not ordering.contains([True, 1.0], 1)
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
    assert ordering.find([{"name": "a"}, {"x": 1}, {"name": "b"}], "name", "b") == 2
    assert ordering.find([{"name": "a"}], "name", "z") == -1
    with pytest.raises(StatusError, match="value for key 1 is not a map"):
        ordering.find([{"name": "a"}, "x"], "name", "z")


@given(st.lists(st.integers(0, 9), unique=True), st.lists(st.integers(10, 19), unique=True), st.randoms())
def test_both_sides_keep_their_order(ours: list[int], others: list[int], random: Any) -> None:
    server = ours[: len(ours) // 2] + others
    random.shuffle(server)
    arranged = ordering.arrange(ours, others, ours, server, "", False)
    assert [i for i in arranged if i in ours] == ours
    assert [i for i in arranged if i not in ours] == [i for i in server if i in others]
