"""Histograms of values over time (upstream: k8s.io/component-base/metrics/prometheusextension, timing_histogram.go).

What is counted are nanoseconds: each bucket holds how long the value was in it, as if it were observed at the end of
every nanosecond. Nothing runs at that pace: `Spells` notes how long a value lasted when it changes, and the histogram
gets the sums at a scrape.
"""

from bisect import bisect_left
from collections.abc import Callable

from pilothouse.observability.metrics import Histogram, HistogramSeries

_NANOSECONDS = 1_000_000_000
#: How many values are told apart before they are handed on.
_MOST = 1024


class TimingHistogram(Histogram):
    """Upstream marks them all as experimental, before their stability."""

    def header(self) -> str:
        lead = f"# HELP {self.name} "
        return super().header().replace(lead, f"{lead}EXPERIMENTAL: ", 1)


def lasted(series: HistogramSeries, value: float, seconds: float) -> None:
    """The value of a timing histogram's series was `value` for `seconds`."""
    nanoseconds = round(seconds * _NANOSECONDS)
    series.counts[bisect_left(series.bounds, value)] += nanoseconds
    series.sum += value * nanoseconds


class Spells:
    """How long a whole number had each of its values since they were last handed on.

    `hand_on` gets the seconds by value, those that lasted no time included; it is called by `close`, and when the
    values become many.
    """

    __slots__ = ("_hand_on", "_seconds", "_since", "value")

    def __init__(self, hand_on: Callable[[dict[int, float]], None], now: float) -> None:
        self.value = 0
        self._hand_on = hand_on
        self._seconds: dict[int, float] = {}
        self._since = now

    def set(self, value: int, now: float) -> None:
        """The value is `value` from `now` on, which must not be before the last change."""
        try:
            self._seconds[self.value] += now - self._since
        except KeyError:
            self._begin(now)
        self._since = now
        self.value = value

    def _begin(self, now: float) -> None:
        if len(self._seconds) >= _MOST:
            self._flush()
        self._seconds[self.value] = now - self._since

    def close(self, now: float) -> None:
        """Hand on all that was until `now`."""
        self.set(self.value, now)
        self._flush()

    def _flush(self) -> None:
        seconds, self._seconds = self._seconds, {}
        self._hand_on(seconds)


class Count:
    """How many there are of something, which come and go one by one, and how long there were how many.

    The same as `Spells`, made for numbers that change several times with every request. `hand_on` gets the seconds by
    number, up to the highest that there was.
    """

    __slots__ = ("_hand_on", "_seconds", "_since", "value")

    def __init__(self, hand_on: Callable[[list[float]], None], now: float) -> None:
        self.value = 0
        self._hand_on = hand_on
        self._seconds: list[float] = []
        self._since = now

    def enter(self, now: float) -> None:
        value = self.value
        try:
            self._seconds[value] += now - self._since
        except IndexError:
            self._reach(value, now)
        self._since = now
        self.value = value + 1

    def leave(self, now: float) -> None:
        value = self.value
        try:
            self._seconds[value] += now - self._since
        except IndexError:
            self._reach(value, now)
        self._since = now
        self.value = value - 1

    def _reach(self, value: int, now: float) -> None:
        """The highest number since the last flush."""
        seconds = self._seconds
        seconds.extend([0.0] * (value + 1 - len(seconds)))
        seconds[value] = now - self._since

    def close(self, now: float) -> None:
        """Hand on all that was until `now`."""
        self.enter(now)
        self.value -= 1
        seconds, self._seconds = self._seconds, []
        self._hand_on(seconds)
