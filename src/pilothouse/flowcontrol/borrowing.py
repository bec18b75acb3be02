"""How the seats of the server are shared out among priority levels (upstream: pkg/util/flowcontrol/conc_alloc.go).

Every level gets the same multiple of what it has been using lately, within its bounds; what a level does not use is
lent to those that want more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MIN_TARGET = 0.001
_EPSILON = 1e-7


class Claim(NamedTuple):
    """What a level is to get at least and at most, and what it uses; `low` ≤ `target`, `low` ≤ `high`."""

    low: float
    high: float
    target: float


def allocate(total: float, claims: Sequence[Claim]) -> tuple[list[float], float]:
    """Each level's share of `total` seats, and the multiple. Raises ValueError where the bounds leave no solution."""
    claims = [Claim(c.low, c.high, max(c.target, MIN_TARGET)) for c in claims]
    low, high = sum(c.low for c in claims), sum(c.high for c in claims)
    if low - total > _EPSILON:
        raise ValueError(f"lower bounds sum to {low:g}, which is higher than the required sum of {total:g}")
    if total - high > _EPSILON:
        raise ValueError(f"upper bounds sum to {high:g}, which is lower than the required sum of {total:g}")
    if not total:
        return [0.0] * len(claims), 0.0
    if low - total > -_EPSILON:
        return [c.low for c in claims], min(c.low / c.target for c in claims)
    if total - high > -_EPSILON:
        return [c.high for c in claims], max(c.high / c.target for c in claims)
    multiple = _multiple(total, claims)
    return [max(c.low, min(c.high, multiple * c.target)) for c in claims], multiple


def _multiple(total: float, claims: Sequence[Claim]) -> float:
    """The multiple at which the shares sum to `total`: their sum grows with it, in straight pieces between bounds."""
    bounds = sorted({b for c in claims for b in (c.low / c.target, c.high / c.target)})
    at, reached = bounds[0], sum(c.low for c in claims)
    for bound in bounds:
        # the claims that grow between `at` and `bound`
        slope = sum(c.target for c in claims if c.low / c.target <= at and c.high / c.target > at)
        if slope and reached + (bound - at) * slope >= total:
            return at + (total - reached) / slope
        reached += (bound - at) * slope
        at = bound
    return at
