"""When the cyclic garbage collector looks for garbage.

Requests leave no cycles behind, so there is next to nothing to find, but CPython looks whenever there are so many more
containers than at its last look: each wave of requests under way, thousands of containers between them, is gone through
again and again (a tenth of all CPU with CPython's settings). Here it looks by the clock. What lives as long as the
process (all that start made, what the first requests made the server compile) is taken out of its sight; stored
objects never were in it (`storage.items.untrack`). So each look takes but a few milliseconds.

Large definitions are hundreds of thousands of containers while they are read, and tens of thousands that stay once
they are installed. The former vanish by themselves: a look waits for that, for a while. The latter are taken out of
sight, too, as soon as to look through them would be felt. A cycle among them that ends later is found by the rare look
at everything, which comes when what is out of sight has doubled.
"""

import gc
from collections.abc import Callable
from typing import Final, Protocol

TICK_SECONDS: Final = 0.25
#: Fewer new containers than this are not worth a look.
FEW: Final = 700
#: More new containers than this are large documents under way, which are waited for.
LARGE: Final = 10_000
#: Ticks that a look waits at most: two seconds.
PATIENCE: Final = 8
#: More new containers than this are looked through without waiting for the clock.
MANY: Final = 250_000
#: Ticks after which the generations above the youngest are looked through too: 10 seconds, and a minute.
MIDDLE_EVERY: Final = 40
OLD_EVERY: Final = 240
#: More containers than this in the oldest generation would make a look at it felt (more than some milliseconds).
OLD_MANY: Final = 20_000
#: Ticks after which what is there is taken for what stays: 10 seconds, a minute, ten minutes. Not more often: a cycle
#: that is there at such a moment (a connection's) is not collected for long.
SETTLED: Final = frozenset({40, 240, 2400})
#: Ticks between two looks at what is out of sight, if it has doubled: an hour at least.
EVERYTHING_EVERY: Final = 14_400


class Timers(Protocol):
    """What is used of an event loop."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> object: ...


class Collector:
    """Use: `start()` on the event loop, once the server serves."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._ticks = 0
        self._due = -1
        """The generation that is to be looked through, -1 for none."""
        self._waited = 0
        self._everything_at = 0
        self._out_of_sight = 0
        """Containers that were out of sight when everything had been looked through, or had settled."""

    def start(self) -> None:
        gc.freeze()
        # the older generations only by the clock
        gc.set_threshold(MANY, 1000, 1000)
        self._timers.call_later(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks in SETTLED:
            gc.freeze()
            self._out_of_sight = gc.get_freeze_count()
        else:
            self._look()
        self._timers.call_later(TICK_SECONDS, self.tick)

    def _look(self) -> None:
        new = gc.get_count()[0]
        if not self._ticks % OLD_EVERY:
            self._due = 2
        elif not self._ticks % MIDDLE_EVERY:
            self._due = max(self._due, 1)
        elif new > FEW:
            self._due = max(self._due, 0)
        if self._due < 0:
            return
        if new > LARGE and self._waited < PATIENCE:
            self._waited += 1
            return
        due, self._due, self._waited = self._due, -1, 0
        if due < 2:
            gc.collect(due)
        else:
            self._look_at_old()

    def _look_at_old(self) -> None:
        if self._ticks - self._everything_at >= EVERYTHING_EVERY and gc.get_freeze_count() > 2 * self._out_of_sight:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._everything_at, self._out_of_sight = self._ticks, gc.get_freeze_count()
        elif len(gc.get_objects(2)) > OLD_MANY:
            gc.collect(1)
            gc.freeze()
        else:
            gc.collect()
