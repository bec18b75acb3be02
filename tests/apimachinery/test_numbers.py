import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.numbers import BEYOND, whole


@pytest.mark.parametrize(("text", "want"), [
    ("0", 0), ("-7", -7), ("+7", 7), ("0" * 5000 + "12", 12), ("-" + "0" * 5000 + "12", -12), ("0" * 100, 0),
    ("9" * 5000, BEYOND), ("-" + "9" * 5000, -BEYOND), ("1" * 65, BEYOND),
])
def test_numbers_of_any_length(text: str, want: int) -> None:
    assert whole(text) == want


@pytest.mark.parametrize("text", ["", "-", "x", "1" * 80 + "x", "x" + "1" * 80, "--" + "1" * 80, "²" * 80, "-" * 80])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        whole(text)


@given(st.integers(-(2**64), 2**64), st.integers(0, 100))
def test_zeros_before_a_number_do_not_matter(value: int, zeros: int) -> None:
    text = ("-" if value < 0 else "") + "0" * zeros + str(abs(value))
    assert whole(text) == value
