"""Quantiles of what was observed in the last hours (upstream: client_golang's Summary).

Values are counted in buckets that grow by two percent each, which is as exact as a quantile has to be and costs one
logarithm; the oldest part of the window is dropped as a whole.
"""

from collections import Counter as Counting
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import exp, floor, log, nan
from time import perf_counter
from typing import Final

from pilothouse.observability.metrics import ALPHA, Family, go_float

QUANTILES: Final = (0.5, 0.9, 0.99)
"""component-base's defObjectives."""
_PARTS: Final = 5
_GROWTH: Final = log(1.02)
_LEAST: Final = 1e-9
"""Below this nothing is told apart."""


class SummarySeries:
    """`part_seconds` is the length of each part of the window. Times are those of `Summary.clock`."""

    __slots__ = ("_newest", "_part_seconds", "_parts", "_until", "count", "sum")

    def __init__(self, part_seconds: float, now: float) -> None:
        self._part_seconds = part_seconds
        self.reset(now)

    def reset(self, now: float) -> None:
        self.count = 0
        self.sum = 0.0
        self._newest: Counting[int] = Counting()
        self._parts = deque([self._newest], _PARTS)
        self._until = now + self._part_seconds

    def observe(self, value: float, now: float) -> None:
        if now >= self._until:
            self.rotate(now)
        self.count += 1
        self.sum += value
        self._newest[floor(log(max(value, _LEAST)) / _GROWTH)] += 1

    def rotate(self, now: float) -> None:
        """Begin the parts that are due by now."""
        if now < self._until:
            return
        for _ in range(min(_PARTS, int((now - self._until) / self._part_seconds) + 1)):
            self._newest = Counting()
            self._parts.append(self._newest)
        self._until = now + self._part_seconds

    def quantile(self, rank: float) -> float:
        """NaN when there is nothing in the window."""
        counts: Counting[int] = sum(self._parts, Counting())
        left = rank * counts.total()
        for bucket in sorted(counts):
            left -= counts[bucket]
            if left <= 0:
                return exp((bucket + 0.5) * _GROWTH)
        return nan


class Summary(Family):
    """`max_age` is the length of the window in seconds; `clock` gives monotonic ones."""

    type = "summary"

    def __init__(
        self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA, max_age: float = 600.0,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        super().__init__(name, help, labels, stability)
        self._part_seconds = max_age / _PARTS
        self._clock = clock
        self.series: dict[tuple[str, ...], SummarySeries] = {}

    def labels(self, *values: str) -> SummarySeries:
        """The series of these label values, in the order of the metric's definition; made when it is new."""
        series = self.series.get(values)
        if series is None:
            series = self.series[values] = SummarySeries(self._part_seconds, self._clock())
        return series

    def samples(self) -> Iterator[str]:
        now = self._clock()
        for values, series in sorted(self.series.items(), key=lambda item: item[0]):
            series.rotate(now)
            text = self.label_text(values)
            lead, braces = (f"{text},", f"{{{text}}}") if text else ("", "")
            for rank in QUANTILES:
                yield f'{self.name}{{{lead}quantile="{rank}"}} {go_float(series.quantile(rank))}\n'
            yield f"{self.name}_sum{braces} {go_float(series.sum)}\n{self.name}_count{braces} {series.count}\n"

    def clear(self) -> None:
        now = self._clock()
        for series in self.series.values():
            series.reset(now)
