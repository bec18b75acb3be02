"""How many requests of one kind are running, or waiting (upstream: server/filters/maxinflight.go, requestWatermark;
pkg/util/flowcontrol/metrics, readWriteConcurrencyGaugeVec)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pilothouse.observability.metrics import Registry
from pilothouse.observability.timing import Count, TimingHistogram, lasted

READ_ONLY: Final = "readOnly"
MUTATING: Final = "mutating"
EXECUTING: Final = "executing"
WAITING: Final = "waiting"
_UTILIZATION = (0.0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Concurrency:
    """`count` is to be told of every request that comes and goes. `clock` gives monotonic seconds."""

    def __init__(
        self, kind: str, phase: str, registry: Registry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._series = registry.define(TimingHistogram(
            "apiserver_flowcontrol_read_vs_write_current_requests",
            "Observations, at the end of every nanosecond, of the number of requests (as a fraction of the relevant "
            "limit) waiting or in regular stage of execution", ("phase", "request_kind"), buckets=_UTILIZATION,
        )).labels(phase, kind)
        self._clock = clock
        self._limit = 1
        self._high = 0
        self.count = Count(self._add, clock())

    def bound(self, limit: int) -> None:
        """What utilization is measured by from now on."""
        self.count.close(self._clock())
        self._limit = max(1, limit)

    def watermark(self) -> int:
        """The highest number since it was last asked for."""
        self.count.close(self._clock())
        high, self._high = self._high, 0
        return high

    def _add(self, seconds: list[float]) -> None:
        self._high = max(self._high, len(seconds) - 1)
        for count, spell in enumerate(seconds):
            lasted(self._series, count / self._limit, spell)
