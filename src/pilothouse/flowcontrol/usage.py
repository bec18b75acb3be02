"""What a priority level uses, over time (upstream: pkg/util/flowcontrol/fairqueuing/integrator.go, and the timing
histograms of pkg/util/flowcontrol/metrics).

Everything there is to know at one moment is one whole number, so that one note of how long it lasted tells of
requests and seats, running and waiting, alike: see `work.Work.use`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pilothouse.flowcontrol.work import USE_BITS
from pilothouse.observability.timing import Spells, lasted

if TYPE_CHECKING:
    from pilothouse.flowcontrol.metrics import LevelMetrics

_FIELD = (1 << USE_BITS) - 1


class Moments(NamedTuple):
    """Of the seats in use or waited for, in one period. Without duration there is no average."""

    duration: float
    average: float
    deviation: float
    high: int


class Usage:
    """`clock` gives monotonic seconds. `spells` is told of every change."""

    def __init__(self, clock: Callable[[], float], metrics: LevelMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._seats = self._places = 1
        self._since = clock()
        self._integral = self._squares = 0.0
        self._high = 0
        self.spells = Spells(self._add, self._since)

    def bound(self, seats: int, places: int) -> None:
        """What utilization is measured by from now on: seats, and places in queues; both at least 1."""
        self.collect()
        self._seats, self._places = seats, places

    def collect(self) -> None:
        """Bring the histograms up to now."""
        self.spells.close(self._clock())

    def _add(self, seconds: dict[int, float]) -> None:
        metrics, all_seats, places = self._metrics, self._seats, self._places
        for use, spell in seconds.items():
            executing, seats = use & _FIELD, use >> USE_BITS & _FIELD
            waiting, wanted = use >> 2 * USE_BITS & _FIELD, use >> 3 * USE_BITS
            demand = seats + wanted
            self._integral += demand * spell
            self._squares += demand * demand * spell
            self._high = max(self._high, demand)
            lasted(metrics.demand, demand / all_seats, spell)
            lasted(metrics.executing_seats, seats / all_seats, spell)
            lasted(metrics.executing_requests, executing / all_seats, spell)
            lasted(metrics.waiting_requests, waiting / places, spell)

    def reset(self) -> Moments:
        """What was since the last reset; a new period begins."""
        now = self._clock()
        self.spells.close(now)
        duration = now - self._since
        average = self._integral / duration if duration > 0 else 0.0
        variance = self._squares / duration - average * average if duration > 0 else 0.0
        found = Moments(duration, average, math.sqrt(max(0.0, variance)), self._high)
        self._since, self._integral, self._squares = now, 0.0, 0.0
        # what is now counts for the new period, too: it is noted when it ends
        self._high = 0
        return found
