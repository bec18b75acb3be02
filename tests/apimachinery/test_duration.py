import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery import duration


@pytest.mark.parametrize(
    ("text", "nanoseconds", "written"),
    [
        ("0", 0, "0s"), ("1s", 10**9, "1s"), ("1.5h", 5400 * 10**9, "1h30m0s"), ("-90s", -90 * 10**9, "-1m30s"),
        ("100ms", 10**8, "100ms"), ("1.5us", 1500, "1.5µs"), ("+5ns", 5, "5ns"),
        ("1h1ms", 3600001 * 10**6, "1h0m0.001s"),
        (".5s", 5 * 10**8, "500ms"), ("1.s", 10**9, "1s"),
    ],
)  # fmt: skip
def test_known_texts(text: str, nanoseconds: int, written: str) -> None:
    assert duration.parse(text) == nanoseconds
    assert duration.format(nanoseconds) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'), ("s", 'time: invalid duration "s"'), (".s", 'time: invalid duration ".s"'),
        ("5", 'time: missing unit in duration "5"'), ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("9999999999h", 'time: invalid duration "9999999999h"'), ("-", 'time: invalid duration "-"'),
    ],
)  # fmt: skip
def test_errors_are_worded_as_in_go(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="time: ") as e:
        duration.parse(text)
    assert str(e.value) == message


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_round_trip(nanoseconds: int) -> None:
    assert duration.parse(duration.format(nanoseconds)) == nanoseconds


def test_long_ones_are_read_soon_or_not_at_all() -> None:
    assert duration.parse("1ns" * 1000) == 1000
    with pytest.raises(ValueError, match="time: invalid duration"):
        duration.parse("1ns" * 1_000_000)
