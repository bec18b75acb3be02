"""One open watch (upstream: storage/cacher/cache_watcher.go).

A watch passes through three phases, always in revision order:

1. *initial*: synthetic ADDED events for a copy of what was there when it began, then perhaps a bookmark;
2. *catching up*: the events of the cacher's history after its position, read in slices when the client
   asks for more, so that a long replay neither blocks the loop nor fills a buffer;
3. *live*: the cacher pushes each event into a bounded buffer. A watch whose buffer is full is dropped.

The step from 2 to 3 happens within one turn of the loop, so no event falls between them.
"""

import asyncio
from typing import Final, Protocol

from pilothouse.storage.history import History
from pilothouse.storage.interface import Event, Item, Predicate, WatchEvent
from pilothouse.storage.items import shown

#: Events handed out at once, and items or events looked at between two turns of the loop.
BATCH: Final = 500


class Host(Protocol):
    """What a watch asks of its cacher."""

    history: History

    @property
    def revision(self) -> int: ...

    async def reached(self, revision: int, waiter: "asyncio.Future[None]") -> bool:
        """Wait until the store has reached `revision`, or `waiter` is done. False: it never will."""
        ...

    def join(self, watch: "Watch") -> None:
        """Push every event from now on."""
        ...

    def leave(self, watch: "Watch") -> None: ...


class Watch:
    """Implements `interface.Watcher`. `initial` is None for a watch that begins with events after `position`."""

    __slots__ = (
        "_ended", "_host", "_initial", "_initial_end", "_live", "_position", "_taken",
        "bookmark_due", "buffer", "capacity", "dropped", "predicate", "selective", "waiter",
    )

    def __init__(
        self, host: Host, predicate: Predicate, *, position: int, initial: list[Item] | None, initial_end: bool,
        bookmark_due: float | None, capacity: int,
    ) -> None:
        self._host = host
        self.predicate = predicate
        self.selective = predicate.selective
        self._position = position
        self._initial = initial
        self._initial_end = initial_end
        self._taken = 0
        self._live = False
        self._ended = False
        self.dropped = False
        self.bookmark_due = bookmark_due
        """When the cacher's clock wants the next bookmark pushed; None for a client that asked for none."""
        self.capacity = capacity
        self.buffer: list[WatchEvent] = []
        self.waiter: asyncio.Future[None] | None = None

    async def batch(self) -> list[WatchEvent]:
        while True:
            if self.buffer:
                out = self.buffer[:BATCH]
                del self.buffer[:BATCH]
                return out
            if self._ended:
                return []
            if self._live:
                self.waiter = asyncio.get_running_loop().create_future()
                await self.waiter
                continue
            if self._initial is not None:
                out = self._take_initial(self._initial)
            elif self._position > self._host.revision:
                self.waiter = waiter = asyncio.get_running_loop().create_future()
                if not await self._host.reached(self._position, waiter):
                    self.close()
                continue
            else:
                out = self._catch_up()
            if out:
                return out
            if not self._live:
                await asyncio.sleep(0)

    def bookmark(self) -> WatchEvent | None:
        if self._live and not self.buffer and not self._ended:
            return WatchEvent("BOOKMARK", None, self._host.revision)
        return None

    def close(self) -> None:
        """End the watch; events already in the buffer are still handed out."""
        if not self._ended:
            self._ended = True
            self._initial = None
            self._host.leave(self)
            self.wake()

    def drop(self) -> None:
        """End a watch that is too slow; the client resumes from the last event it got."""
        self.dropped = True
        self.buffer.clear()
        self.close()

    def push(self, event: WatchEvent) -> None:
        """Hand on one event of the live phase."""
        if len(self.buffer) >= self.capacity:
            self.drop()
            return
        self.buffer.append(event)
        self.wake()

    def wake(self) -> None:
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def translate(self, event: Event) -> WatchEvent | None:
        """What `event`, which is within the scope, is to this watch's selectors."""
        if not self.selective:
            return shown(event, "DELETED" if event.deleted else "MODIFIED" if event.previous else "ADDED")
        selects = self.predicate.selects
        before = event.previous is not None and selects(event.previous)
        if not event.deleted and selects(event.item):
            return shown(event, "MODIFIED" if before else "ADDED")
        return shown(event, "DELETED") if before else None

    def _take_initial(self, initial: list[Item]) -> list[WatchEvent]:
        part = initial[self._taken : self._taken + BATCH]
        self._taken += BATCH
        selects = self.predicate.selects
        out = [WatchEvent("ADDED", item, item.revision) for item in part if not self.selective or selects(item)]
        if self._taken >= len(initial):
            self._initial = None
            if self._initial_end:
                out.append(WatchEvent("BOOKMARK", None, self._position, initial_end=True))
        return out

    def _catch_up(self) -> list[WatchEvent]:
        history = self._host.history
        if self._position < history.floor:
            self.drop()
            return []
        start = history.after(self._position)
        part = history.events[start : start + BATCH]
        if start + len(part) == len(history.events):
            self._live = True
            self._host.join(self)
        if part:
            self._position = part[-1].revision
        covers = self.predicate.covers
        translated = (self.translate(event) for event in part if covers(event.item.key))
        return [event for event in translated if event is not None]
