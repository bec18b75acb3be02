"""Ranges of sizes and costs that are known before an expression runs (cel-go checker/cost.go SizeEstimate)."""

import math
from typing import Final, NamedTuple

UNBOUNDED: Final = 2**64 - 1


class Estimate(NamedTuple):
    """At least `min`, at most `max`; both stop at 2^64-1. A size in characters, items or entries, or a cost."""

    min: int
    max: int

    def plus(self, other: "Estimate") -> "Estimate":
        return Estimate(_capped(self.min + other.min), _capped(self.max + other.max))

    def times(self, other: "Estimate") -> "Estimate":
        return Estimate(_capped(self.min * other.min), _capped(self.max * other.max))

    def scaled(self, factor: float) -> "Estimate":
        return Estimate(_scaled(self.min, factor), _scaled(self.max, factor))

    def union(self, other: "Estimate") -> "Estimate":
        return Estimate(min(self.min, other.min), max(self.max, other.max))


def _capped(value: int) -> int:
    return min(value, UNBOUNDED)


def _scaled(value: int, factor: float) -> int:
    product = float(value) * factor
    return UNBOUNDED if product >= 2.0**64 else min(math.ceil(product), UNBOUNDED)


def fixed(value: int) -> Estimate:
    return Estimate(value, value)


UNKNOWN: Final = Estimate(0, UNBOUNDED)
NOTHING: Final = Estimate(0, 0)
ONE: Final = Estimate(1, 1)
