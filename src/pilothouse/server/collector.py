"""When the cyclic garbage collector looks for garbage.

Requests leave no cycles behind, so there is next to nothing to find, but CPython looks whenever there are so many more
containers than at its last look: each wave of requests under way, thousands of containers between them, is gone through
again and again (a tenth of all CPU with CPython's settings). Here it looks by the clock. What lives as long as the
process (all that start made, what the first requests made the server compile) is taken out of its sight; stored
objects never were in it (`storage.items.untrack`). So each look takes but a few milliseconds.
"""

import gc
from collections.abc import Callable
from typing import Final, Protocol

TICK_SECONDS: Final = 0.25
#: Fewer new containers than this are not worth a look.
FEW: Final = 700
#: More new containers than this are looked through without waiting for the clock.
MANY: Final = 25_000
#: Ticks after which the generations above the youngest are looked through too: 10 seconds, and a minute.
MIDDLE_EVERY: Final = 40
OLD_EVERY: Final = 240
#: Ticks after which what is there is taken for what stays: 10 seconds, a minute, ten minutes. Not more often: a cycle
#: that is there at such a moment (a connection's) is never collected.
SETTLED: Final = frozenset({40, 240, 2400})


class Timers(Protocol):
    """What is used of an event loop."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> object: ...


class Collector:
    """Use: `start()` on the event loop, once the server serves."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._ticks = 0

    def start(self) -> None:
        gc.freeze()
        gc.set_threshold(MANY, *gc.get_threshold()[1:])
        self._timers.call_later(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks in SETTLED:
            gc.freeze()
        elif not self._ticks % OLD_EVERY:
            gc.collect()
        elif not self._ticks % MIDDLE_EVERY:
            gc.collect(1)
        elif gc.get_count()[0] > FEW:
            gc.collect(0)
        self._timers.call_later(TICK_SECONDS, self.tick)
