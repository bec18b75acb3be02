from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.equality import same, same_booleans, same_or_empty

scalars = st.none() | st.booleans() | st.integers(-1, 1) | st.sampled_from([0.0, 1.0, "", "a"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)


@pytest.mark.parametrize(("a", "b", "want", "booleans"), [
    (True, 1, False, False), (False, 0, False, False), (1, 1.0, False, True), ({"a": [True]}, {"a": [1]}, False, False),
    ({"a": 1, "b": {"c": None}}, {"b": {"c": None}, "a": 1}, True, True), ([{}], [{}], True, True),
])
def test_booleans_are_no_numbers(a: Any, b: Any, want: bool, booleans: bool) -> None:
    assert same(a, b) is want
    assert same_booleans(a, b) is booleans


def test_nothing_is_empty() -> None:
    assert same_or_empty({"a": [], "b": {"c": ""}, "d": [{"e": None}]}, {"b": {}, "d": [{}]})
    assert not same_or_empty({"a": 1}, {})
    assert not same_or_empty({"a": [{}]}, {"a": []})


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _typed(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_typed(child) for child in value]
    return type(value), value


@given(values, values)
def test_same_is_equality_with_types(a: Any, b: Any) -> None:
    assert same(a, b) is (_typed(a) == _typed(b))
    assert same(a, a)
