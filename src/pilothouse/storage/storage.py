"""The one writer (the design's second and third idea; upstream: storage/etcd3/store.go and etcd itself).

The life of a write, all of it on the event loop but for the commit:

1. A cacher checks it against the newest state, including what is still being committed.
2. It gets its revision, is encoded once, is laid over the committed state and joins the queue.
3. When the writer thread is free, it is given all that is queued as one batch: one transaction, one fsync.
4. Back on the loop, in revision order: each write becomes visible, observers and watchers get its event,
   and whoever waits for it gets its item.

Nothing is acknowledged or shown before step 4. When a commit fails, its writes and all that were based on
them fail with `StorageFailed`, nobody ever sees them, and the store takes no more writes: what the disk
holds after a failed fsync is unknown, so only a restart, which reads it again, can tell.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pilothouse.storage.cacher import WatchCache
from pilothouse.storage.interface import (
    Backend,
    Event,
    Future,
    Index,
    Item,
    Observer,
    Record,
    StorageFailed,
)
from pilothouse.storage.waiting import Waiters
from pilothouse.storage.writer import Writer

logger = logging.getLogger(__name__)

#: Writes in one transaction; bounds how long one batch holds the loop when it comes back.
MAX_BATCH: Final = 256
#: kube-apiserver's --etcd-compaction-interval: history is kept that long.
HISTORY_SECONDS: Final = 300.0
_COMPACT_STEP: Final = 2000


class _Write:
    __slots__ = ("cacher", "event", "future")

    def __init__(self, cacher: WatchCache, event: Event, future: "asyncio.Future[Item]") -> None:
        self.cacher = cacher
        self.event = event
        self.future = future


class Storage:
    """The store of one server. Made on any thread; started, used and closed on one event loop.

    `clock` gives monotonic seconds. For metrics: `batches`, `records`, `commit_seconds` (sums), `failures`,
    `compactions`; `on_commit`, if set, is called with (records, seconds) after every commit.
    """

    def __init__(
        self, backend: Backend, *, clock: Callable[[], float] = time.monotonic,
        history_seconds: float = HISTORY_SECONDS, tick_seconds: float = 1.0, watch_capacity: int | None = None,
        history_capacity: int | None = None,
    ) -> None:
        self.backend = backend
        self.revision = 0
        """The newest revision that is visible. 0 until started."""
        self.compacted = 0
        self.batches = self.records = self.failures = self.compactions = 0
        self.commit_seconds = 0.0
        self.on_commit: Callable[[int, float], None] | None = None
        self._clock = clock
        self._history_seconds = history_seconds
        self._tick_seconds = tick_seconds
        self._capacities = {
            name: value for name, value in (("watch_capacity", watch_capacity), ("history_capacity", history_capacity))
            if value is not None
        }
        self._cachers: dict[str, WatchCache] = {}
        self._unclaimed: dict[str, list[Record]] = {}
        self._released: dict[str, int] = {}
        self._assigned = 0
        self._queue: list[_Write] = []
        self._busy = False
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self._refusal = "the store has not been started"
        self._waiters = Waiters()
        self._marks: deque[tuple[float, int]] = deque()
        self._loop: asyncio.AbstractEventLoop
        self._writer: Writer
        self._housekeeping: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether writes are taken."""
        return not self._refusal

    @property
    def assigned(self) -> int:
        """The newest revision that a write has been given, be it committed or not."""
        return self._assigned

    @property
    def cachers(self) -> Iterable[WatchCache]:
        return self._cachers.values()

    async def start(self) -> None:
        """Open the backend and fill the cachers. Raises OSError with a text for the operator."""
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(self._loop, threaded=self.backend.blocking)
        try:
            loaded = await self._writer.call(self.backend.open)
            self._unclaimed.clear()
            for record in loaded.records:
                directory = record.key[: record.key.rfind("/") + 1]
                self._unclaimed.setdefault(directory, []).append(record)
            self.revision = self._assigned = loaded.revision
            self.compacted = loaded.compacted
            for cacher in self._cachers.values():
                self._fill(cacher, self.compacted)
        except BaseException:
            with contextlib.suppress(OSError):
                await self._writer.call(self.backend.close)
            self._writer.stop()
            raise
        self._refusal = ""
        self._marks.append((self._clock(), self.revision))
        self._housekeeping = self._loop.create_task(self._keep_house(), name="storage-housekeeping")

    async def close(self) -> None:
        """Refuse new writes, finish those under way, end all watches, close the backend. May be called twice."""
        housekeeping, self._housekeeping = self._housekeeping, None
        if housekeeping is None:
            return
        self._refusal = self._refusal or "the store is closing"
        await self._idle.wait()
        housekeeping.cancel()
        await asyncio.wait([housekeeping])
        for cacher in self._cachers.values():
            cacher.close()
        self._waiters.fail(StorageFailed(self._refusal))
        try:
            await self._writer.call(self.backend.close)
        finally:
            self._writer.stop()

    # Cachers

    def cacher(self, prefix: str, index: Index, *, floor: int = 0) -> WatchCache:
        """The watch cache of all keys under `prefix`; made and filled when first asked for.

        `floor` is the revision at which the resource came to be: nothing can be watched from before it.
        Raises OSError when a stored object is damaged.
        """
        prefix = prefix.rstrip("/") + "/"
        cacher = self._cachers.get(prefix)
        if cacher is None:
            cacher = WatchCache(self, prefix, index, clock=self._clock, **self._capacities)
            if self.revision:
                self._fill(cacher, max(self.compacted, self._released.get(prefix, 0), floor))
            self._cachers[prefix] = cacher
        return cacher

    def unclaimed(self) -> Mapping[str, int]:
        """How many records wait to be loaded, by the directory of their keys."""
        return {directory: len(records) for directory, records in self._unclaimed.items()}

    def _fill(self, cacher: WatchCache, floor: int) -> None:
        """Load the raw records under the cacher's prefix; they stay where they are when one is damaged."""
        directories = [d for d in self._unclaimed if d.startswith(cacher.prefix)]
        cacher.load(sorted(record for d in directories for record in self._unclaimed[d]), floor)
        for directory in directories:
            del self._unclaimed[directory]

    async def release(self, prefix: str) -> None:
        """Forget a cacher whose resource is no longer served, when its last write is done; its objects stay stored."""
        cacher = self._cachers.get(prefix.rstrip("/") + "/")
        if cacher is None:
            return
        while (pending := cacher.pending_revision()) is not None:
            await self.wait_revision(pending, None)
        if self._cachers.pop(cacher.prefix, None) is not None:
            self._unclaimed[cacher.prefix] = cacher.unload()
            self._released[cacher.prefix] = self.revision

    def observe(self, prefix: str, observer: Observer) -> None:
        """Call `observer` for every event of the cacher of `prefix`, which must have been made."""
        self._cachers[prefix.rstrip("/") + "/"].observe(observer)

    # Writing

    def write(
        self, cacher: WatchCache, key: str, obj: dict[str, Any], previous: Item | None, *, deleted: bool = False
    ) -> "asyncio.Future[Item]":
        """Queue a write that `cacher` has checked. The future gives its item when it is visible.

        Raises StorageFailed; TypeError when `obj` is no JSON.
        """
        if self._refusal:
            raise StorageFailed(self._refusal)
        event = cacher.stage(key, self._assigned + 1, obj, previous, deleted)
        self._assigned += 1
        future: asyncio.Future[Item] = self._loop.create_future()
        self._queue.append(_Write(cacher, event, future))
        if not self._busy:
            # One turn later, so that writes which arrive in the same turn share a commit.
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._submit)
        return future

    def _submit(self) -> None:
        batch = self._queue[:MAX_BATCH]
        del self._queue[:MAX_BATCH]
        records = [
            Record(e.revision, e.item.key, e.item.body, e.deleted, e.previous.revision if e.previous else 0)
            for e in (write.event for write in batch)
        ]
        commit = self.backend.commit

        def timed_commit() -> float:
            start = time.perf_counter()
            commit(records)
            return time.perf_counter() - start

        def done(seconds: float, error: BaseException | None) -> None:
            self._finish(batch, seconds, error)

        self._writer.submit(timed_commit, done)

    def _finish(self, batch: list[_Write], seconds: float, error: BaseException | None) -> None:
        if error is not None:
            self._fail(batch, error)
            return
        if self._queue:
            self._submit()
        else:
            self._busy = False
            self._idle.set()
        self.batches += 1
        self.records += len(batch)
        self.commit_seconds += seconds
        for write in batch:
            event = write.event
            self.revision = event.revision
            write.cacher.apply(event)
            if not write.future.done():
                write.future.set_result(event.item)
        for cacher in {write.cacher for write in batch}:
            cacher.flush(self._loop)
        self._waiters.wake(self.revision)
        if self.on_commit is not None:
            self.on_commit(len(batch), seconds)

    def _fail(self, batch: list[_Write], error: BaseException) -> None:
        self.failures += 1
        self._refusal = f"a commit failed: {error}"
        logger.error("Storage failed: %s; no more writes are taken until a restart", error)
        failed = batch + self._queue
        self._queue = []
        for cacher in self._cachers.values():
            cacher.forget_pending()
        for write in failed:
            if not write.future.done():
                write.future.set_exception(StorageFailed(self._refusal))
        self._waiters.fail(StorageFailed(self._refusal))
        self._busy = False
        self._idle.set()

    # Waiting for revisions

    async def wait_revision(
        self, revision: int, timeout: float | None, waiter: "asyncio.Future[None] | None" = None
    ) -> None:
        """Wait until `revision` is visible. Raises Future after `timeout` seconds (None: never), and
        StorageFailed when the store has failed or is closed meanwhile. The caller may bring a `waiter` of his own
        and end the wait with it."""
        if revision <= self.revision:
            return
        if waiter is None:
            waiter = self._loop.create_future()
        self._waiters.add(revision, waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            raise Future(revision, self.revision) from None

    # Housekeeping

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(self._tick_seconds)
            try:
                await self.tick()
            except Exception:
                logger.exception("storage housekeeping failed; trying again")

    async def tick(self) -> None:
        """Bookmarks that are due; history older than `history_seconds` is forgotten. Called once a second."""
        now = self._clock()
        for cacher in self._cachers.values():
            cacher.tick(now)
        if now - self._marks[-1][0] < self._history_seconds / 10:
            return
        self._marks.append((now, self.revision))
        target = 0
        while self._marks[0][0] <= now - self._history_seconds:
            target = self._marks.popleft()[1]
        if target > self.compacted:
            await self.compact(target)

    async def compact(self, revision: int) -> None:
        """Forget history up to and including `revision`, on disk and in memory, in steps between which commits run."""
        revision = min(revision, self.revision)
        while self.compacted < revision and self.healthy:
            step = min(self.compacted + _COMPACT_STEP, revision)
            await self._writer.call(lambda step=step: self.backend.compact(step))  # type: ignore[misc]
            self.compacted = step
            for cacher in self._cachers.values():
                cacher.history.forget(step)
        self.compactions += 1
