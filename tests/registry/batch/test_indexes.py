"""Lists of job indexes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.registry.batch import indexes


@pytest.mark.parametrize(("text", "total"), [("", 0), ("0", 1), ("0,2-4", 4), ("1-9", 9)])
def test_good_lists(text: str, total: int) -> None:
    assert indexes.count(text, 10) == total


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x", 'cannot convert string to integer for index: "x"'),
        ("1-x", 'cannot convert string to integer for index: "x"'),
        ("10", 'too large index: "10"'),
        ("3,1", "non-increasing order, previous: 3, current: 1"),
        ("4-2", "non-increasing order, previous: 4, current: 2"),
        ("1-2-3", 'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts '
                  "separated by '-'"),
    ],
)
def test_what_is_wrong_with_a_list(text: str, wanted: str) -> None:
    with pytest.raises(indexes.IndexesError) as caught:
        indexes.count(text, 10)
    assert str(caught.value) == wanted


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_overlaps(first: set[int], second: set[int]) -> None:
    one, other = (",".join(map(str, sorted(values))) for values in (first, second))
    found = indexes.overlap(one, other, 31) if one and other else None
    assert found == min(first & second, default=None)
