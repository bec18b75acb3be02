"""Formats of paths, modes and quantities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.registry.core import amounts, paths


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("a/b", []),
        ("a..b", []),
        ("/a", ["must be a relative path"]),
        ("..", ["must not contain '..'", "must not start with '..'"]),
        ("../a", ["must not contain '..'"]),
        ("..data", ["must not start with '..'"]),
    ],
)
def test_local_paths(path: str, wanted: list[str]) -> None:
    assert paths.is_local_path(path) == wanted


@given(st.integers())
def test_modes(value: int) -> None:
    assert bool(paths.mode({"mode": value}, "mode")) is not (0 <= value <= 0o777)


@pytest.mark.parametrize(
    ("text", "amount", "positive", "integer"),
    [("1", True, True, True), ("0", True, False, True), ("-1", False, False, False), ("100m", True, True, False),
     ("1Gi", True, True, True), ("1500m", True, True, False)],
)
def test_amounts(text: str, amount: bool, positive: bool, integer: bool) -> None:
    assert (not amounts.is_amount(text)) is amount
    assert (not amounts.is_positive_amount(text)) is positive
    assert (not amounts.is_integer_amount(text)) is integer
