import asyncio
from collections.abc import Callable
from typing import Any

from pilothouse.storage.cacher import WatchCache
from pilothouse.storage.interface import Event, Item, Predicate
from pilothouse.storage.watch import Watch
from tests.storage.support import ALL, PREFIX, Equals, key, obj, running, told


def test_an_event_reaches_the_scopes_its_key_is_in_and_no_other() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            predicates = {
                "all": Predicate(PREFIX),
                "namespace": Predicate(PREFIX + "ns/"),
                "other namespace": Predicate(PREFIX + "n/"),
                "object": Predicate(key("a"), single=True),
                "other object": Predicate(key("aa"), single=True),
                "selected": Predicate(PREFIX + "ns/", labels=Equals("l", "1")),
            }
            watches = {name: cacher.watch(p, revision=storage.revision) for name, p in predicates.items()}
            waiting = [asyncio.ensure_future(watch.batch()) for watch in watches.values()]
            await asyncio.sleep(0)
            await cacher.create(key("a"), obj("a", labels={"l": "1"}))
            await asyncio.sleep(0)
            reached = {name for name, task in zip(watches, waiting, strict=True) if task.done()}
            assert reached == {"all", "namespace", "object", "selected"}
            for watch in watches.values():
                watch.close()
            await asyncio.gather(*waiting)
            await cacher.create(key("b"), obj("b"))
            assert all(not watch.buffer for watch in watches.values())

    asyncio.run(run())


class Timers:
    """A loop's timers, rung by the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.set: list[tuple[float, Callable[..., Any], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        self.set.append((when, callback, args))
        return asyncio.TimerHandle(when, callback, (), asyncio.get_running_loop())

    def ring(self) -> None:
        when, callback, args = self.set.pop()
        self.now = max(self.now, when)
        callback(*args)


async def _waiting(cacher: WatchCache, count: int) -> tuple[list[Watch], list[asyncio.Task[Any]]]:
    watches = [cacher.watch(ALL, revision=cacher.revision) for _ in range(count)]
    tasks = [asyncio.ensure_future(watch.batch()) for watch in watches]
    await asyncio.sleep(0)
    return watches, tasks


def _apply(cacher: WatchCache, revision: int, timers: Timers) -> None:
    """What Storage does with a commit of one event."""
    item = Item(key(str(revision)), revision, b"{}", {}, {})
    cacher._pending[item.key] = event = Event(revision, item, None, False)
    cacher.apply(event)
    cacher.flush(timers)


def test_an_event_after_a_quiet_moment_is_sent_at_once_and_a_burst_together() -> None:
    async def run() -> None:
        timers = Timers()
        async with running() as (_, cacher):
            watches, tasks = await _waiting(cacher, 50)
            _apply(cacher, 2, timers)
            assert timers.set == []
            assert [told(events) for events in await asyncio.gather(*tasks)] == [[("ADDED", "2", 2)]] * 50
            tasks = [asyncio.ensure_future(watch.batch()) for watch in watches]
            await asyncio.sleep(0)
            for revision in (3, 4, 5):
                timers.now += 0.001
                _apply(cacher, revision, timers)
            await asyncio.sleep(0)
            assert not any(task.done() for task in tasks)
            assert [round(when - 100, 6) for when, _, _ in timers.set] == [0.005]
            timers.ring()
            assert [[e.revision for e in events] for events in await asyncio.gather(*tasks)] == [[3, 4, 5]] * 50
            timers.now += 0.02
            tasks = [asyncio.ensure_future(watch.batch()) for watch in watches]
            await asyncio.sleep(0)
            _apply(cacher, 6, timers)
            assert timers.set == []
            await asyncio.gather(*tasks)

    asyncio.run(run())


def test_a_watch_that_ends_while_a_round_is_due_still_gets_its_events() -> None:
    async def run() -> None:
        timers = Timers()
        async with running() as (_, cacher):
            watches, tasks = await _waiting(cacher, 2)
            _apply(cacher, 2, timers)
            await asyncio.gather(*tasks)
            task = asyncio.ensure_future(watches[0].batch())
            await asyncio.sleep(0)
            _apply(cacher, 3, timers)
            assert len(timers.set) == 1
            cacher.close()
            assert told(await task) == [("ADDED", "3", 3)]
            assert await watches[0].batch() == []

    asyncio.run(run())
