"""Metrics in Prometheus' text format, cheap enough for the hot path (upstream: k8s.io/component-base/metrics).

A metric is defined once on a `Registry` and gives a `Series` for each set of label values. Whoever counts
on a hot path keeps the series and adds to it: `series.value += 1` is all that a count costs.

    requests = REGISTRY.counter("apiserver_request_total", "Counter of …", ("code", "verb"), STABLE)
    ok = requests.labels("200", "GET")
    ok.value += 1
"""

import asyncio
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import Counter as Counting
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from math import inf, isfinite
from time import perf_counter
from typing import Final, TypeVar

ALPHA: Final = "ALPHA"
BETA: Final = "BETA"
STABLE: Final = "STABLE"

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_TURN_SECONDS: Final = 0.002
DEFAULT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Series:
    """One counter or gauge: a metric with its label values."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount

    def set(self, value: float) -> None:
        self.value = value


class HistogramSeries:
    """One histogram. `counts` has one more entry than `bounds`, for what is above the last one."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Family(ABC):
    """Name, help and label names that all series of a metric share."""

    type = "untyped"

    def __init__(self, name: str, help: str, labels: Sequence[str], stability: str) -> None:
        self.name = name
        self.help = help
        self.label_names = tuple(labels)
        self.stability = stability
        # Go's client writes labels sorted by name, whatever their order of definition.
        self._order = sorted(range(len(self.label_names)), key=self.label_names.__getitem__)

    def header(self) -> str:
        text = f"[{self.stability}] {self.help}" if self.stability else self.help
        escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
        return f"# HELP {self.name} {escaped}\n# TYPE {self.name} {self.type}\n"

    def label_text(self, values: Sequence[str]) -> str:
        return ",".join(f'{self.label_names[i]}="{_escape(values[i])}"' for i in self._order)

    @abstractmethod
    def samples(self) -> Iterator[str]:
        """The lines of one series after the other."""

    @abstractmethod
    def clear(self) -> None:
        """Begin to count anew, where something is counted."""


class Counter(Family):
    """Values that only grow; as a gauge, values that are set."""

    type = "counter"

    def __init__(self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA) -> None:
        super().__init__(name, help, labels, stability)
        self.series: dict[tuple[str, ...], Series] = {}
        if not labels:
            self.labels()

    def labels(self, *values: str) -> Series:
        """The series of these label values, in the order of the metric's definition; made when it is new."""
        series = self.series.get(values)
        if series is None:
            if len(values) != len(self.label_names):
                raise ValueError(f"{self.name} has labels {self.label_names}, got {values}")
            series = self.series[values] = Series()
        return series

    def inc(self, *values: str) -> None:
        self.labels(*values).value += 1

    def set(self, value: float, *values: str) -> None:
        self.labels(*values).value = value

    def samples(self) -> Iterator[str]:
        for values, series in sorted(self.series.items()):
            text = self.label_text(values)
            braces = f"{{{text}}}" if text else ""
            yield f"{self.name}{braces} {go_float(series.value)}\n"

    def clear(self) -> None:
        for series in self.series.values():
            series.value = 0.0


class Gauge(Counter):
    type = "gauge"

    def clear(self) -> None:
        """Gauges keep their values: they tell a state, not a history."""


class Histogram(Family):
    """Distributions over fixed upper bounds (inclusive), in ascending order."""

    type = "histogram"

    def __init__(
        self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA,
        buckets: Sequence[float] = DEFAULT_BUCKETS,
    ) -> None:
        super().__init__(name, help, labels, stability)
        self.bounds = tuple(buckets)
        self._shown_bounds = [f'le="{go_float(bound)}"}} ' for bound in (*self.bounds, inf)]
        self.series: dict[tuple[str, ...], HistogramSeries] = {}
        if not labels:
            self.labels()

    def labels(self, *values: str) -> HistogramSeries:
        """The series of these label values, in the order of the metric's definition; made when it is new."""
        series = self.series.get(values)
        if series is None:
            if len(values) != len(self.label_names):
                raise ValueError(f"{self.name} has labels {self.label_names}, got {values}")
            series = self.series[values] = HistogramSeries(self.bounds)
        return series

    def observe(self, value: float, *values: str) -> None:
        self.labels(*values).observe(value)

    def samples(self) -> Iterator[str]:
        for values, series in sorted(self.series.items(), key=lambda item: item[0]):
            text = self.label_text(values)
            lead, braces = (f"{self.name}_bucket{{{text},", f"{{{text}}}") if text else (f"{self.name}_bucket{{", "")
            totals = list(accumulate(series.counts))
            lines = [f"{lead}{bound}{total}\n" for bound, total in zip(self._shown_bounds, totals, strict=True)]
            lines.append(
                f"{self.name}_sum{braces} {go_float(series.sum)}\n{self.name}_count{braces} {totals[-1]}\n"
            )
            yield "".join(lines)

    def clear(self) -> None:
        for series in self.series.values():
            # in place: whoever counts on a hot path may hold the list
            series.counts[:] = [0] * len(series.counts)
            series.sum = 0.0


F = TypeVar("F", bound=Family)


class Registry:
    """The metrics of a process. Defining one a second time gives the one that is there.

    `add_collector(fn)` registers a function that is called before each scrape to set gauges whose values
    are not worth keeping up to date (sizes, process figures).
    """

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}
        self._collectors: list[Callable[[], None]] = []

    def counter(self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA) -> Counter:
        return self.define(Counter(name, help, labels, stability))

    def gauge(self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA) -> Gauge:
        return self.define(Gauge(name, help, labels, stability))

    def histogram(
        self, name: str, help: str, labels: Sequence[str] = (), stability: str = ALPHA,
        buckets: Sequence[float] = DEFAULT_BUCKETS,
    ) -> Histogram:
        return self.define(Histogram(name, help, labels, stability, buckets))

    def define(self, family: F) -> F:
        """`family`, or the one of its name that is there. Raises ValueError if that is another."""
        known = self._families.setdefault(family.name, family)
        if type(known) is not type(family) or known.label_names != family.label_names:
            raise ValueError(f"metric {family.name} is already defined otherwise")
        return known

    def types(self) -> dict[str, str]:
        """The type of each metric, by name; also of those that have no series yet."""
        return {name: family.type for name, family in self._families.items()}

    def stabilities(self) -> dict[str, int]:
        """How many metrics there are of each stability level."""
        return dict(Counting(family.stability for family in self._families.values() if family.stability))

    def add_collector(self, collector: Callable[[], None]) -> None:
        self._collectors.append(collector)

    def remove_collector(self, collector: Callable[[], None]) -> None:
        self._collectors.remove(collector)

    def render(self) -> bytes:
        """Everything in the text format, sorted by name; metrics without a series are left out, as Go does."""
        return "".join(self.pieces()).encode()

    async def render_by_turns(self) -> bytes:
        """The same, giving way to the event loop every two milliseconds: there may be tens of thousands of lines."""
        out: list[str] = []
        until = perf_counter() + _TURN_SECONDS
        for piece in self.pieces():
            out.append(piece)
            if perf_counter() >= until:
                await asyncio.sleep(0)
                until = perf_counter() + _TURN_SECONDS
        return "".join(out).encode()

    def pieces(self) -> Iterator[str]:
        """The text in small pieces. What changes meanwhile is told by some of them and not by others; each series is
        of one moment."""
        for collector in list(self._collectors):
            collector()
            yield ""
        for _, family in sorted(self._families.items()):
            samples = family.samples()
            if (first := next(samples, "")):
                yield family.header()
                yield first
                yield from samples

    def reset(self) -> None:
        """Set counters and histograms to zero (DELETE /metrics)."""
        # what collectors have yet to count must not come back after
        for collector in list(self._collectors):
            collector()
        for family in self._families.values():
            family.clear()


def _escape(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return value


def go_float(value: float) -> str:
    """A number as Go's strconv.FormatFloat(v, 'g', -1, 64) writes it: "0.005", "1e+06", "+Inf"."""
    if not isfinite(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    size = abs(value)
    if size < 1e6 and value == int(value):
        return str(int(value)) if size else repr(float(value)).removesuffix(".0")
    plain = repr(float(value)).removesuffix(".0")
    if size == 0 or 1e-4 <= size < 1e6:
        return plain
    mantissa, _, exponent = plain.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    exp = int(exponent or 0) + len(whole) - 1
    digits = (whole + fraction).rstrip("0")
    stripped = digits.lstrip("0")
    exp -= len(digits) - len(stripped)
    tail = f".{stripped[1:]}" if len(stripped) > 1 else ""
    return f"{'-' if value < 0 else ''}{stripped[0]}{tail}e{'-' if exp < 0 else '+'}{abs(exp):02d}"


#: The process's registry, as upstream's legacyregistry.
REGISTRY: Final = Registry()
#: Service level indicators, shown at /metrics/slis.
SLI_REGISTRY: Final = Registry()
