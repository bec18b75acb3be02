"""A value's average and spread over time (upstream: pkg/util/flowcontrol/fairqueuing/integrator.go)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Moments(NamedTuple):
    """Of one period. Without duration there is no average."""

    duration: float
    average: float
    deviation: float
    low: float
    high: float


class Integrator:
    """`clock` gives monotonic seconds."""

    __slots__ = ("_at", "_clock", "_integral", "_since", "_squares", "high", "low", "value")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.value = self.low = self.high = 0.0
        self._at = self._since = clock()
        self._integral = self._squares = 0.0

    def set(self, value: float, now: float) -> None:
        """The value is `value` from `now` on."""
        # `_integrate`, which is called twice for each request, without the call
        elapsed, before = now - self._at, self.value
        self._at = now
        self._integral += before * elapsed
        self._squares += before * before * elapsed
        self.value = value
        if value > self.high:
            self.high = value
        elif value < self.low:
            self.low = value

    def _integrate(self, now: float) -> None:
        elapsed, value = now - self._at, self.value
        self._at = now
        self._integral += value * elapsed
        self._squares += value * value * elapsed

    def reset(self) -> Moments:
        """What was since the last reset; a new period begins."""
        now = self._clock()
        self._integrate(now)
        duration = now - self._since
        average = self._integral / duration if duration > 0 else 0.0
        variance = self._squares / duration - average * average if duration > 0 else 0.0
        found = Moments(duration, average, math.sqrt(max(0.0, variance)), self.low, self.high)
        self._since, self._integral, self._squares = now, 0.0, 0.0
        self.low = self.high = self.value
        return found
