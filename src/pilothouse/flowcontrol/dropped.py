"""How long a refused client is told to stay away (upstream: pkg/util/flowcontrol/dropped_requests_tracker.go).

The more was refused during the last such time, the longer: it doubles when there were three refusals for each of its
seconds, and goes down by one second when there was less than one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MAX_SECONDS = 32
"""upstream: maxRetryAfter"""


class DroppedRequests:
    """`clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._levels: dict[str, _Level] = {}

    def record(self, level: str) -> int:
        """One more was refused; the seconds for its Retry-After."""
        found = self._levels.get(level)
        if found is None:
            found = self._levels[level] = _Level()
        found.record(int(self._clock()))
        return found.seconds


class _Level:
    def __init__(self) -> None:
        self.seconds = 1
        self._raised = 0
        self._second = 0
        self._count = 0
        self._history: deque[tuple[int, int]] = deque()
        """(second, refusals) of the seconds before this one."""

    def record(self, now: int) -> None:
        if now == self._second:
            self._count += 1
            return
        self._history.append((self._second, self._count))
        keep = min(2 * self.seconds, MAX_SECONDS)
        while self._second - self._history[0][0] > keep:
            self._history.popleft()
        self._second, self._count = now, 1
        self._adjust(now)

    def _adjust(self, now: int) -> None:
        refused = sum(count for second, count in self._history if now - second <= self.seconds and second < now)
        if now - self._raised >= self.seconds and refused >= 3 * self.seconds:
            self.seconds = min(2 * self.seconds, MAX_SECONDS)
            self._raised = now
        elif refused < self.seconds and self.seconds > 1:
            self.seconds -= 1
