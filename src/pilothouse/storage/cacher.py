"""The watch cache of one resource (upstream: k8s.io/apiserver pkg/storage/cacher).

It holds every object of the resource as wire bytes and serves all reads and watches from memory. What it
shows is committed; `_pending` lies over it with what the writer thread is still making durable, so that
writes are checked against the newest state and two of them can stand in one batch.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.observability.stored import Freshness
from pilothouse.observability.tracing import span
from pilothouse.storage.fanout import Fanout, Timers
from pilothouse.storage.history import History
from pilothouse.storage.interface import (
    Compacted,
    Conflict,
    Event,
    Future,
    Index,
    Item,
    KeyExists,
    Observer,
    Page,
    Predicate,
    Record,
    StorageFailed,
    WatchEvent,
)
from pilothouse.storage.items import ItemMaker, make_event
from pilothouse.storage.listing import Steps, at_once, by_turns, newest_page, older_page
from pilothouse.storage.ordered import Ordered
from pilothouse.storage.watch import Watch

if TYPE_CHECKING:
    from pilothouse.storage.storage import Storage

logger = logging.getLogger(__name__)

#: Upstream's largest event cache (watch_cache.go, defaultUpperBoundCapacity).
HISTORY_CAPACITY: Final = 100 * 1024
WATCH_CAPACITY: Final = 4096
BOOKMARK_SECONDS: Final = 60.0

#: How many objects are looked at for their average size.
_SAMPLE: Final = 16


class WatchCache:
    """Implements `interface.Cacher` and `watch.Host`. Made by `Storage.cacher`.

    For metrics: `events` (committed events dispatched), `watches` (open now), `watches_dropped`; `lists` that `select`
    answered, the objects it looked at for them (`read`) and gave (`listed`).
    """

    def __init__(
        self, storage: "Storage", prefix: str, index: Index, *, clock: Callable[[], float],
        history_capacity: int = HISTORY_CAPACITY, watch_capacity: int = WATCH_CAPACITY,
    ) -> None:
        self.prefix = prefix
        self._storage = storage
        self._maker = ItemMaker(index)
        self._clock = clock
        self._watch_capacity = watch_capacity
        self._items: dict[str, Item] = {}
        self._pending: dict[str, Event] = {}
        self._ordered = Ordered()
        self._observers: list[Observer] = []
        self._open: dict[Watch, None] = {}
        self._live = Fanout(prefix)
        self.history = History(0, history_capacity)
        self._formed = self._ticked = 0
        """The revisions of the last tick but one, up to which forms were dropped, and of the last."""
        self.events = 0
        self.changes = 0
        self.watches_dropped = 0
        self.lists = self.read = self.listed = 0
        self.freshness = Freshness()

    @property
    def revision(self) -> int:
        return self._storage.revision

    @property
    def history_capacity(self) -> int:
        return self.history.capacity

    @property
    def watches(self) -> int:
        return len(self._open)

    def count(self) -> int:
        return len(self._items)

    def bytes_stored(self) -> int:
        """Bytes of all objects. Reads every item: for a metric, not for a request."""
        return sum(len(item.body) for item in self._items.values())

    def average_bytes(self) -> int:
        """The size of an object, judged by a few of them: cheap enough for every request."""
        sizes = [len(item.body) for item in islice(self._items.values(), _SAMPLE)]
        return sum(sizes) // len(sizes) if sizes else 0

    # Reading

    def get(self, key: str) -> Item | None:
        return self._items.get(key)

    def newest(self, key: str) -> Item | None:
        pending = self._pending.get(key)
        if pending is not None:
            return None if pending.deleted else pending.item
        return self._items.get(key)

    def snapshot(self, predicate: Predicate, revision: int | None = None) -> tuple[list[Item], int]:
        page = at_once(self._steps(predicate, 0, "", revision))
        return page.items, page.revision

    def list_page(
        self, predicate: Predicate, *, limit: int, start_after: str = "", revision: int | None = None
    ) -> Page:
        return at_once(self._steps(predicate, limit, start_after, revision))

    async def select(
        self, predicate: Predicate, *, limit: int = 0, start_after: str = "", revision: int | None = None,
        consistent: bool = False,
    ) -> Page:
        with span("Storage list"):
            page = await by_turns(self._steps(predicate, limit, start_after, revision))
        self.lists += 1
        self.freshness.consistent += consistent
        self.read += page.read
        self.listed += len(page.items)
        return page

    def _steps(self, predicate: Predicate, limit: int, start_after: str, revision: int | None) -> Steps:
        current = self._storage.revision
        if revision is None:
            revision = current
        if revision > current:
            raise Future(revision, current)
        if revision < self.history.floor:
            raise Compacted(revision, self.history.floor)
        start = self.history.after(revision)
        if start == len(self.history.events):
            return newest_page(self._ordered, predicate, limit, start_after, revision)
        return older_page(self._ordered, self.history.events[start:], predicate, limit, start_after, revision)

    async def wait_revision(self, revision: int, timeout: float = 3.0) -> None:
        if revision <= self._storage.revision:
            self.freshness.fresh += 1
            return
        began = time.perf_counter()
        try:
            await self._storage.wait_revision(revision, timeout)
        finally:
            self.freshness.waited(time.perf_counter() - began)

    async def reached(self, revision: int, waiter: "asyncio.Future[None]") -> bool:
        try:
            await self._storage.wait_revision(revision, None, waiter)
        except StorageFailed:
            return False
        return True

    # Writing

    async def create(self, key: str, obj: dict[str, Any]) -> Item:
        if (current := self.newest(key)) is not None:
            raise KeyExists(await self.durable(current))
        written = self._storage.write(self, key, obj, None)
        obj.clear()
        with span("Storage create"):
            return await written

    async def update(self, key: str, obj: dict[str, Any], expected: Item) -> Item:
        await self._expect(key, expected)
        written = self._storage.write(self, expected.key, obj, expected)
        obj.clear()
        with span("Storage update"):
            return await written

    async def delete(self, key: str, expected: Item, obj: dict[str, Any] | None = None) -> Item:
        await self._expect(key, expected)
        if obj is None:
            obj = orjson.loads(expected.body)
        with span("Storage delete"):
            return await self._storage.write(self, expected.key, obj, expected, deleted=True)

    async def durable(self, item: Item) -> Item:
        await self._storage.wait_revision(item.revision, None)
        return item

    async def _expect(self, key: str, expected: Item) -> None:
        """A refusal may be based on a write that still fails, so it waits until that write is durable."""
        current = self.newest(key)
        if current is not expected:
            if (pending := self._pending.get(key)) is not None:
                await self._storage.wait_revision(pending.revision, None)
            raise Conflict(current)

    # What Storage calls

    def stage(self, key: str, revision: int, obj: dict[str, Any], previous: Item | None, deleted: bool) -> Event:
        """The event of a new write, laid over what is committed. Raises TypeError when `obj` is no JSON."""
        event = make_event(revision, self._maker.encode(key, revision, obj), previous, deleted)
        self._pending[key] = event
        return event

    def apply(self, event: Event) -> None:
        """Make a committed event visible and hand it on; watchers are woken by `flush`."""
        key = event.item.key
        if event.deleted:
            del self._items[key]
            self._ordered.remove(key)
        else:
            self._items[key] = event.item
            self._ordered.put(event.item)
        if self._pending[key] is event:
            del self._pending[key]
        self.history.append(event)
        self.events += 1
        self.changes += 1
        if self._observers:
            self._observe(event)
        self._live.push(event)

    def flush(self, timers: Timers) -> None:
        """After the last event of a commit."""
        self._live.flush(timers)

    def pending_revision(self) -> int | None:
        """The newest revision of this cacher that is still being committed."""
        return max((event.revision for event in self._pending.values()), default=None)

    def forget_pending(self) -> None:
        self._pending.clear()

    def load(self, records: Sequence[Record], compacted: int) -> None:
        """Fill the empty cache with stored records, in revision order."""
        items: dict[str, Item] = {}
        for record in records:
            item = self._maker.load(record)
            previous = items.get(item.key)
            if previous is not None:
                item.key = previous.key
            if record.deleted:
                items.pop(item.key, None)
            else:
                items[item.key] = item
            if record.revision > compacted:
                self.history.append(make_event(record.revision, item, previous, record.deleted))
        self.history.floor = max(self.history.floor, compacted)
        self._formed = self._ticked = self._storage.revision
        self.freshness.loads += 1
        self.freshness.loaded += len(items)
        self._items = items
        self._ordered = Ordered(list(items.values()))
        self.changes += 1
        for observer in self._observers:
            self._introduce(observer)

    def unload(self) -> list[Record]:
        """End all watches and give the objects back as records, by revision."""
        self.close()
        return sorted(Record(item.revision, item.key, item.body) for item in self._items.values())

    def end_watches(self) -> None:
        """End all watches, in order: the objects are now served in another way."""
        for watch in list(self._open):
            watch.close()

    def reindex(self) -> None:
        """Read what selectors need of every object anew."""
        for item in self._items.values():
            self._maker.reindex(item)

    def close(self) -> None:
        self.end_watches()
        self._live.close()

    # Observers

    def observe(self, observer: Observer) -> None:
        self._observers.append(observer)
        self._introduce(observer)

    def _introduce(self, observer: Observer) -> None:
        for item in list(self._ordered):
            _call(observer, Event(item.revision, item, None, False))

    def _observe(self, event: Event) -> None:
        for observer in self._observers:
            _call(observer, event)

    # Watching

    def watch(
        self, predicate: Predicate, *, revision: int | None, bookmarks: bool = False, initial_events: bool = False
    ) -> Watch:
        if not predicate.single and not predicate.prefix.endswith("/"):
            raise ValueError(f"a watch's prefix ends with a slash: {predicate.prefix}")
        initial: list[Item] | None = None
        if initial_events or not revision:
            revision = self._storage.revision
            initial, _ = self._ordered.select(predicate)
        elif revision < self.history.floor:
            raise Compacted(revision, self.history.floor)
        watch = Watch(
            self, predicate, position=revision, initial=initial, initial_end=initial_events and bookmarks,
            bookmark_due=self._clock() + BOOKMARK_SECONDS if bookmarks else None, capacity=self._watch_capacity,
        )
        self._open[watch] = None
        return watch

    def join(self, watch: Watch) -> None:
        self._live.add(watch)

    def leave(self, watch: Watch) -> None:
        self._open.pop(watch, None)
        self.watches_dropped += watch.dropped
        self._live.discard(watch)

    def tick(self, now: float) -> None:
        """Called about once a second."""
        self._forget_forms()
        self._send_bookmarks(now)

    def _forget_forms(self) -> None:
        """Drop what was encoded for the watchers of the events before the last tick: history is kept for minutes,
        and whoever catches up with it later can encode again what a second copy of everything would cost in memory."""
        events = self.history.events
        for at in range(self.history.after(self._formed), self.history.after(self._ticked)):
            event = events[at]
            event.shown = event.item.renditions = None
            if event.previous is not None:
                event.previous.renditions = None
        self._formed, self._ticked = self._ticked, self._storage.revision

    def _send_bookmarks(self, now: float) -> None:
        """Push a bookmark to every live watch whose last one is a minute ago."""
        due = [w for w in self._live if w.bookmark_due is not None and w.bookmark_due <= now]
        for watch in due:
            watch.bookmark_due = now + BOOKMARK_SECONDS
            watch.push(WatchEvent("BOOKMARK", None, self._storage.revision))


def _call(observer: Observer, event: Event) -> None:
    try:
        observer(event)
    except Exception:
        logger.exception("an observer failed on %s at revision %d", event.item.key, event.revision)
