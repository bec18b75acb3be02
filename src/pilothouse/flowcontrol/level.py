"""A priority level: its configuration, its limits and its queues (upstream: apf_controller.go, priorityLevelState)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.flowcontrol.metrics import FlowControlMetrics, FlowMetrics, LevelMetrics
from pilothouse.flowcontrol.queueset import EXEMPT, UNQUEUED, QueueSet
from pilothouse.flowcontrol.usage import Usage

EXEMPT_NAME, CATCH_ALL = "exempt", "catch-all"
_SMOOTHING = 0.977
_MAX_SEATS_SHARE = 0.15
"""No request takes more of its level's seats than this (upstream: priorityLevelMaxSeatsPercent)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A PriorityLevelConfiguration's spec. `queues` is `EXEMPT`, `UNQUEUED` or how many."""

    shares: int
    lendable_percent: int = 0
    borrowing_percent: int | None = None
    queues: int = UNQUEUED
    queue_length: int = 0
    hand_size: int = 1

    @property
    def places(self) -> int:
        """In all queues."""
        return max(0, self.queues) * self.queue_length

    @classmethod
    def of(cls, name: str, spec: Mapping[str, Any]) -> Limits:
        """Raises ValueError for a spec that validation would refuse."""
        exempt, limited = spec.get("exempt"), spec.get("limited")
        if (spec.get("type") == "Limited") is not (limited is not None) or (exempt is not None) is not (
            spec.get("type") == "Exempt"
        ):
            raise ValueError("broken union structure at the top")
        if (spec.get("type") == "Exempt") is not (name == EXEMPT_NAME):
            raise ValueError("non-alignment between name and type")
        if limited is None:
            settings = exempt or {}
            return cls(
                settings.get("nominalConcurrencyShares") or 0, settings.get("lendablePercent") or 0, None, EXEMPT
            )
        response = limited.get("limitResponse") or {}
        queuing = response.get("queuing")
        if (response.get("type") == "Reject") is not (queuing is None):
            raise ValueError("broken union structure for limit response")
        shares, lends = limited.get("nominalConcurrencyShares"), limited.get("lendablePercent") or 0
        shares = 30 if shares is None else shares
        borrows = limited.get("borrowingLimitPercent")
        if queuing is None:
            return cls(shares, lends, borrows)
        return cls(shares, lends, borrows, queuing["queues"], queuing["queueLengthLimit"], queuing["handSize"])


class PriorityLevel:
    """`later(seconds, function)` is the timer of what lingers."""

    def __init__(
        self, name: str, clock: Callable[[], float], later: Callable[[float, Callable[[], None]], object],
        metrics: FlowControlMetrics,
    ) -> None:
        self.name = name
        self.uid = ""
        self.limits = Limits(0)
        self.metrics = LevelMetrics(metrics, name)
        self.usage = Usage(clock, self.metrics)
        self.set = QueueSet(clock, later, self.usage.spells)
        self.quiescing = False
        """No longer wanted, but not idle yet."""
        self.nominal = self.lower = self.upper = self.current = 0
        self.max_seats = 0
        """Of one request; 0: no bound of the level's own."""
        self.high_watermark = 0
        self.smoothed = 0.0
        self.average = self.deviation = 0.0
        self._configured = False
        self._server_limit = 0
        self._metrics = metrics
        self._flows: dict[str, FlowMetrics] = {}

    @property
    def exempt(self) -> bool:
        return self.limits.queues == EXEMPT

    def flow(self, schema: str) -> FlowMetrics:
        found = self._flows.get(schema)
        if found is None:
            found = self._flows[schema] = FlowMetrics(self._metrics, self.name, schema)
        return found

    def share(self, server_limit: int, all_shares: int) -> None:
        """Work out the bounds of its limit from its part of all shares."""
        limits = self.limits
        self._server_limit = server_limit
        nominal = math.ceil(server_limit * limits.shares / all_shares) if all_shares else 0
        lendable = rounded(nominal * limits.lendable_percent / 100)
        borrows = limits.borrowing_percent
        self.nominal, self.lower = nominal, nominal - lendable
        self.upper = nominal + (server_limit if borrows is None else rounded(nominal * borrows / 100))
        if limits.queues > 0:
            self.max_seats = max(1, min(math.ceil(nominal * _MAX_SEATS_SHARE), nominal // limits.hand_size))
        if not self._configured:
            self._configured = True
            self.current = nominal - lendable // 2
        m = self.metrics
        m.nominal.set(nominal)
        m.lower.set(self.lower)
        m.upper.set(self.upper)

    def look_back(self) -> None:
        """What was wanted since the last look."""
        seen = self.usage.reset()
        self.high_watermark = seen.high
        if seen.duration > 0:
            self.average, self.deviation = seen.average, seen.deviation
            envelope = seen.average + seen.deviation
            self.smoothed = max(envelope, _SMOOTHING * self.smoothed + (1 - _SMOOTHING) * envelope)

    @property
    def lowest_current(self) -> int:
        """What its limit must not fall below: what it used, as far as that is its own."""
        if self.exempt:
            return max(self.lower, self.high_watermark)
        return max(self.lower, min(self.nominal, self.high_watermark))

    def limit(self, current: int) -> None:
        """Its limit from now on."""
        self.current = current
        limits = self.limits
        self.set.configure(limits.queues, limits.queue_length, limits.hand_size, current)
        self.usage.bound(current or max(1, rounded(self._server_limit / 10)), max(1, limits.places))
        m = self.metrics
        m.current.set(current)
        m.current_r.set(self.set.r)
        m.high.set(self.high_watermark)
        m.average.set(self.average)
        m.deviation.set(self.deviation)
        m.smoothed.set(self.smoothed)
        m.target.set(max(self.lowest_current, self.smoothed))


def rounded(value: float) -> int:
    """Go's math.Round: halves away from zero."""
    return math.floor(value + 0.5)
