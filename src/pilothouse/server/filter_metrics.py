"""How long the filters take that may take long, and how they decide (upstream: k8s.io/apiserver
pkg/endpoints/filterlatency, endpoints/metrics, endpoints/filters/metrics.go).

A filter's time ends where the next one begins. `Context.filtered_at` says when the last one ended that was measured;
filters with nothing to do for a request are counted as having taken no time. All is counted in plain numbers, which
a scrape settles: this is on the way of every request.
"""

from bisect import bisect_left
from collections.abc import Callable
from time import perf_counter
from typing import Final

from pilothouse.apimachinery.http import Context
from pilothouse.observability.metrics import ALPHA, Counter, Histogram, HistogramSeries, Registry, Series

FAST: Final = 0.0001
"""The first bucket of durations, in seconds."""
_BUCKETS = (FAST, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 5.0, 10.0, 15.0, 30.0)
_GATE_BUCKETS = tuple(0.001 * 2**n for n in range(15))
_ALL_BUCKETS = tuple(sorted({*_BUCKETS, *_GATE_BUCKETS}))


class FilterTime:
    """Of one filter since the last scrape. Who takes up to `FAST` adds to `fast` and `seconds`; the others call
    `slow`."""

    __slots__ = ("_series", "_slow", "fast", "seconds")

    def __init__(self, series: HistogramSeries) -> None:
        self._series = series
        self._slow = 0
        self.fast = 0
        self.seconds = 0.0

    @classmethod
    def untold(cls) -> "FilterTime":
        """Of a filter that is not there."""
        return cls(HistogramSeries(_BUCKETS))

    def slow(self, seconds: float) -> None:
        self._slow += 1
        self._series.observe(seconds)

    def took(self, seconds: float) -> None:
        """Either."""
        if seconds > FAST:
            self.slow(seconds)
        else:
            self.fast += 1
            self.seconds += seconds

    def settle(self) -> int:
        """How many requests there were."""
        count = self.fast + self._slow
        self._series.counts[0] += self.fast
        self._series.sum += self.seconds
        self.fast = self._slow = 0
        self.seconds = 0.0
        return count


class _Gate:
    """Attempts with one result. One count serves several histograms: its buckets are those of all of them."""

    def __init__(self, attempts: Series, histograms: tuple[HistogramSeries, ...]) -> None:
        self._attempts = attempts
        self._histograms = histograms
        self._fine = HistogramSeries(_ALL_BUCKETS)

    def recorder(self) -> Callable[[float], None]:
        fine, bounds, counts = self._fine, self._fine.bounds, self._fine.counts

        def record(seconds: float) -> None:
            counts[bisect_left(bounds, seconds)] += 1
            fine.sum += seconds

        return record

    def settle(self) -> int:
        fine, total = self._fine, 0
        for bound, count in zip((*fine.bounds, float("inf")), fine.counts, strict=True):
            if count:
                total += count
                for histogram in self._histograms:
                    histogram.counts[bisect_left(histogram.bounds, bound)] += count
        for histogram in self._histograms:
            histogram.sum += fine.sum
        self._attempts.value += total
        fine.counts[:] = [0] * len(fine.counts)
        fine.sum = 0.0
        return total


class FilterMetrics:
    """`priority_and_fairness` is recorded by whoever comes after it, which knows the time. Filters that have
    something to do for some requests only say so: `audits` for a server that audits, `impersonating` for each
    request."""

    def __init__(self, registry: Registry, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._durations = registry.histogram(
            "apiserver_request_filter_duration_seconds",
            "Request filter latency distribution in seconds, for each filter type", ("filter",), ALPHA, _BUCKETS,
        )
        self._authentications = registry.counter(
            "authentication_attempts", "Counter of authenticated attempts.", ("result",)
        )
        self._authentication_time = registry.histogram(
            "authentication_duration_seconds", "Authentication duration in seconds broken out by result.",
            ("result",), ALPHA, _GATE_BUCKETS,
        )
        self._authorizations = registry.counter(
            "authorization_attempts_total",
            "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied',"
            " 'no-opinion' or 'error'.",
            ("result",),
        )
        self._authorization_time = registry.histogram(
            "authorization_duration_seconds", "Authorization duration in seconds broken out by result.", ("result",),
            ALPHA, _GATE_BUCKETS,
        )
        self._gates: dict[tuple[str, str], _Gate] = {}
        self._times: dict[str, FilterTime] = {}
        self._impersonation: FilterTime | None = None
        self.audits = False
        self.impersonating = 0
        """Requests that have begun to be judged by the impersonation filter, since the last scrape."""
        registry.add_collector(self._settle)

    def authentication(self, result: str) -> Callable[[float], None]:
        """A function that counts one attempt with this result, given its seconds."""
        return self._gate("authentication", result, self._authentications, self._authentication_time, True)

    def authorization(self, result: str) -> Callable[[float], None]:
        """The same; only requests that are allowed go on to the next filter."""
        allowed = result == "allowed"
        return self._gate("authorization", result, self._authorizations, self._authorization_time, allowed)

    def _gate(
        self, filter: str, result: str, attempts: Counter, seconds: Histogram, timed: bool
    ) -> Callable[[float], None]:
        gate = self._gates.get((filter, result))
        if gate is None:
            durations = (self._durations.labels(filter),) if timed else ()
            gate = self._gates[filter, result] = _Gate(
                attempts.labels(result), (seconds.labels(result), *durations)
            )
        return gate.recorder()

    def time(self, filter: str) -> FilterTime:
        """Of "audit" or "priorityandfairness"."""
        found = self._times.get(filter)
        if found is None:
            found = self._times[filter] = FilterTime(self._durations.labels(filter))
        return found

    def impersonation(self, *, constrained: bool) -> FilterTime:
        self._impersonation = self.time("constrainedimpersonation" if constrained else "impersonation")
        return self._impersonation

    def done(self, filter: FilterTime, context: Context) -> None:
        """The filter hands the request on."""
        now = self._clock()
        filter.took(now - context.filtered_at)
        context.filtered_at = now

    def _settle(self) -> None:
        counts = {key: gate.settle() for key, gate in self._gates.items()}
        impersonation = self._impersonation
        if impersonation is not None:
            audit = self.time("audit")
            if not self.audits:
                audit.fast += counts.get(("authentication", "success"), 0)
            # who does not ask to act as somebody else passes on at once
            impersonation.fast += audit.settle() - self.impersonating
            self.impersonating = 0
        for time in self._times.values():
            time.settle()
