"""The events a watch cache remembers (upstream: the cyclic buffer of storage/cacher/watch_cache.go)."""

from bisect import bisect_right
from operator import attrgetter

from pilothouse.storage.interface import Event

_revision = attrgetter("revision")


class History:
    """Events in revision order. `floor` is the revision up to which (inclusive) events may be forgotten.

    A reader at revision R needs every event after R: it is served while R >= `floor`.
    """

    __slots__ = ("capacity", "events", "floor")

    def __init__(self, floor: int, capacity: int) -> None:
        self.floor = floor
        self.capacity = capacity
        self.events: list[Event] = []

    def append(self, event: Event) -> None:
        """Remember `event`; past the capacity the oldest eighth is forgotten at once, so that it costs little."""
        self.events.append(event)
        if len(self.events) > self.capacity:
            self._drop(max(1, self.capacity >> 3))

    def after(self, revision: int) -> int:
        """The index of the first event after `revision`."""
        events = self.events
        if not events or events[-1].revision <= revision:
            return len(events)
        return bisect_right(events, revision, key=_revision)

    def forget(self, revision: int) -> None:
        """Forget the events up to and including `revision`."""
        if revision > self.floor:
            del self.events[: self.after(revision)]
            self.floor = revision

    def _drop(self, count: int) -> None:
        self.floor = self.events[count - 1].revision
        del self.events[:count]
