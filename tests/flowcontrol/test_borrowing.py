import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.flowcontrol.borrowing import Claim, allocate


@pytest.mark.parametrize(
    ("total", "claims", "expected"),
    [
        (0, [Claim(0, 10, 5)], [0]),
        (10, [Claim(0, 20, 1), Claim(0, 20, 4)], [2, 8]),
        (10, [Claim(5, 20, 5), Claim(5, 20, 9)], [5, 5]),
        (10, [Claim(0, 4, 1), Claim(0, 6, 9)], [4, 6]),
        (10, [Claim(0, 2, 5), Claim(0, 20, 5)], [2, 8]),
        (10, [Claim(6, 20, 6), Claim(0, 20, 6)], [6, 4]),
        (10, [Claim(0, 20, 0), Claim(0, 20, 0)], [5, 5]),
    ],
)
def test_shares(total: float, claims: list[Claim], expected: list[float]) -> None:
    shares, _ = allocate(total, claims)
    assert shares == pytest.approx(expected)


def test_no_solution() -> None:
    with pytest.raises(ValueError, match="lower bounds sum to 12"):
        allocate(10, [Claim(6, 20, 6), Claim(6, 20, 6)])
    with pytest.raises(ValueError, match="upper bounds sum to 8"):
        allocate(10, [Claim(0, 4, 1), Claim(0, 4, 1)])


@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 3), min_size=1, max_size=8), st.floats(0, 1))
def test_all_is_shared_out_within_the_bounds(raw: list[tuple[int, int, int]], part: float) -> None:
    claims = [Claim(low, low + more, low + target) for low, more, target in raw]
    low, high = sum(c.low for c in claims), sum(c.high for c in claims)
    total = low + (high - low) * part
    shares, multiple = allocate(total, claims)
    assert sum(shares) == pytest.approx(total, abs=1e-3)
    assert all(c.low - 1e-6 <= share <= c.high + 1e-6 for c, share in zip(claims, shares, strict=True))
    assert multiple >= 0
