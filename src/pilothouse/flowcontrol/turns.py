"""Turns on the event loop, for requests that have their seats.

Upstream's seats bound what runs side by side on many cores. Here handlers share one thread: a hundred clients of a
modest level would have a hundred requests begin one after the other, before anybody else is looked at. So in one turn
of the event loop requests begin for a short while only; those that come later wait for the next turns, and the levels
take those by their limits (start-time fair queuing). A level that has used less than its part is not kept waiting, and
exempt requests never are. A request that waits holds its seat, so that a level that asks for more than the thread can
do meets its limit, and its flows are queued fairly.

Short turns cost throughput, which is a waste while all requests are of one level: they are made only while there is
somebody else to be considerate of.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

ALONE_SECONDS = 0.001
"""How long after a turn's first request others may begin, while all requests are of one level."""
SHARED_SECONDS = 0.0002
"""The same while there are requests of several levels."""
_MEMORY_SECONDS = 0.25
"""How long a request of another level is remembered."""
_SMOOTHING = 0.9
Wake = Callable[[], bool]
"""Has a waiting request begin in the coming turn; False if it has given up."""


class _Level:
    """`due` is the virtual time at which the level's next request may begin, counted in requests of one seat."""

    __slots__ = ("due", "step", "waiting")

    def __init__(self) -> None:
        self.due = 0.0
        self.step = 1.0
        self.waiting: deque[Wake] = deque()


class Turns:
    """`next_turn(function)` calls at the beginning of the event loop's next turn. `clock` gives seconds."""

    def __init__(
        self, next_turn: Callable[[Callable[[], None]], object], clock: Callable[[], float] = time.monotonic,
        alone: float = ALONE_SECONDS, shared: float = SHARED_SECONDS,
    ) -> None:
        self._next_turn = next_turn
        self._clock = clock
        self._alone, self._shared = alone, shared
        self._began = 0.0
        self._running = False
        self._count = 0
        self._cost = alone
        """What a request is expected to take, in seconds."""
        self._virtual = 0.0
        self._levels: dict[str, _Level] = {}
        self._busy: dict[str, _Level] = {}
        """Those with requests that wait."""
        self._last = ""
        self._shared_until = 0.0

    def seen(self, level: str) -> None:
        """A request of this level goes its own way: it is exempt."""
        if level != self._last:
            self._last = level
            self._shared_until = self._clock() + _MEMORY_SECONDS

    def begins(self, level: str) -> bool:
        """Whether a request may begin at once; otherwise it has to `wait`."""
        if level != self._last:
            self.seen(level)
        if not self._running:
            self._running = True
            self._began = self._clock()
            self._count = 1
            self._next_turn(self._turn)
            return True
        if not self._busy:
            now = self._clock()
            if now - self._began > (self._shared if now < self._shared_until else self._alone):
                return False
        elif level in self._busy or not self._takes_precedence(level):
            return False
        self._count += 1
        return True

    def _takes_precedence(self, name: str) -> bool:
        """Whether this level would be the next to have a turn, if its request waited; then it has had it."""
        level = self._levels.get(name)
        if level is None:
            level = self._levels[name] = _Level()
        start = max(level.due, self._virtual)
        if any(other.due < start for other in self._busy.values()):
            return False
        level.due = start + level.step
        return True

    def wait(self, name: str, seats: int, wake: Wake) -> None:
        """Have `wake` called when it is the turn of a request of this level, which has `seats` now."""
        level = self._levels.get(name)
        if level is None:
            level = self._levels[name] = _Level()
        if not level.waiting:
            level.step = 1.0 / max(1, seats)
            level.due = max(level.due, self._virtual)
            self._busy[name] = level
        level.waiting.append(wake)

    def _turn(self) -> None:
        now = self._clock()
        if self._count:
            self._cost += (1 - _SMOOTHING) * ((now - self._began) / self._count - self._cost)
        self._count = 0
        if not self._busy:
            self._running = False
            return
        self._began = now
        self._next_turn(self._turn)
        seconds = self._shared if now < self._shared_until else self._alone
        wanted = max(1, int(seconds / self._cost)) if self._cost > 0 else 1
        while self._busy and self._count < wanted:
            if self._wake_next():
                self._count += 1

    def _wake_next(self) -> bool:
        name = min(self._busy, key=lambda name: self._busy[name].due)
        level = self._busy[name]
        wake = level.waiting.popleft()
        if not level.waiting:
            del self._busy[name]
        if not wake():
            return False
        self._virtual = level.due
        level.due += level.step
        return True
