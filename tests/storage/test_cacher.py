import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.storage.cacher import WatchCache
from pilothouse.storage.interface import (
    Compacted,
    Conflict,
    Event,
    Future,
    Item,
    KeyExists,
    Predicate,
    Record,
    StorageFailed,
    WatchEvent,
)
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.watch import Watch
from tests.storage.support import ALL, PREFIX, Clock, Equals, key, names, obj, running, told


def test_a_write_is_encoded_with_its_revision_in_gos_place() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            created = await cacher.create(key("a"), obj("a", x="1"))
            assert created.revision == storage.revision == 2
            assert created.body == (
                b'{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"2"},"data":{"x":"1"}}'
            )
            wanted = {"metadata": {"name": "a", "resourceVersion": "2", "generation": 7}}
            updated = await cacher.update(key("a"), wanted, created)
            assert updated.body == b'{"metadata":{"name":"a","resourceVersion":"3","generation":7}}'
            assert cacher.get(key("a")) is updated
            assert cacher.count() == 1

    asyncio.run(run())


def test_creating_what_is_there_tells_what_is_there() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            first = await cacher.create(key("a"), obj("a"))
            with pytest.raises(KeyExists) as refused:
                await cacher.create(key("a"), obj("a"))
            assert refused.value.item is first

    asyncio.run(run())


def test_writes_are_checked_against_what_is_being_committed() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            creating = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
            await asyncio.sleep(0)
            pending = cacher.newest(key("a"))
            assert pending is not None
            assert cacher.get(key("a")) is None
            with pytest.raises(KeyExists) as refused:
                await cacher.create(key("a"), obj("a"))
            assert refused.value.item is pending is await creating
            assert storage.batches == 1

    asyncio.run(run())


def test_only_one_of_two_updates_of_the_same_object_wins() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            first = await cacher.create(key("a"), obj("a"))
            winner, loser = await asyncio.gather(
                cacher.update(key("a"), obj("a", n="1"), first), cacher.update(key("a"), obj("a", n="2"), first),
                return_exceptions=True,
            )
            assert isinstance(winner, Item)
            assert isinstance(loser, Conflict)
            assert loser.current is winner

    asyncio.run(run())


def test_update_and_delete_of_what_is_gone_conflict() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            first = await cacher.create(key("a"), obj("a"))
            await cacher.delete(key("a"), first)
            for write in (cacher.update(key("a"), obj("a"), first), cacher.delete(key("a"), first)):
                with pytest.raises(Conflict) as refused:
                    await write
                assert refused.value.current is None

    asyncio.run(run())


def test_create_update_delete_and_create_again_in_one_batch() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watch = cacher.watch(ALL, revision=storage.revision)
            writes = [asyncio.ensure_future(cacher.create(key("a"), obj("a")))]
            await asyncio.sleep(0)
            for _ in range(2):
                newest = cacher.newest(key("a"))
                assert newest is not None
                writes.append(asyncio.ensure_future(cacher.delete(key("a"), newest)))
                await asyncio.sleep(0)
                assert cacher.newest(key("a")) is None
                writes.append(asyncio.ensure_future(cacher.create(key("a"), obj("a"))))
                await asyncio.sleep(0)
            await asyncio.gather(*writes)
            assert told(await watch.batch()) == [
                ("ADDED", "a", 2), ("DELETED", "a", 3), ("ADDED", "a", 4), ("DELETED", "a", 5), ("ADDED", "a", 6),
            ]

    asyncio.run(run())


def test_a_delete_shows_the_given_object_with_the_new_revision() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            first = await cacher.create(key("a"), obj("a"))
            second = await cacher.create(key("b"), obj("b"))
            watch = cacher.watch(ALL, revision=storage.revision)
            await cacher.delete(key("a"), first)
            await cacher.delete(key("b"), second, {"metadata": {"name": "b", "deletionTimestamp": "now"}})
            events = await watch.batch()
            assert [e.item and e.item.body for e in events] == [
                b'{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"4"},"data":{}}',
                b'{"metadata":{"name":"b","resourceVersion":"5","deletionTimestamp":"now"}}',
            ]

    asyncio.run(run())


def test_an_object_that_is_no_json_takes_no_revision() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            with pytest.raises(TypeError):
                await cacher.create(key("a"), obj("a") | {"data": {"x": {1, 2}}})
            assert cacher.newest(key("a")) is None
            assert (await cacher.create(key("b"), obj("b"))).revision == storage.revision == 2

    asyncio.run(run())


def test_a_cancelled_writer_leaves_its_write_in_place() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            task = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
            await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await cacher.create(key("b"), obj("b"))
            assert cacher.get(key("a")) is not None

    asyncio.run(run())


async def _filled(cacher: WatchCache) -> None:
    for namespace, name in (("b", "x"), ("a", "y"), ("a-", "z"), ("a", "x")):
        await cacher.create(key(name, namespace), obj(name, namespace, {"app": name}))


def test_lists_are_in_key_order_and_scoped() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            await _filled(cacher)
            items, revision = cacher.snapshot(ALL)
            assert [item.key for item in items] == [key("z", "a-"), key("x", "a"), key("y", "a"), key("x", "b")]
            assert revision == 5
            assert names(cacher.snapshot(Predicate(PREFIX + "a/"))[0]) == ["x", "y"]
            assert names(cacher.snapshot(Predicate(key("y", "a"), single=True))[0]) == ["y"]
            assert names(cacher.snapshot(Predicate(PREFIX, labels=Equals("app", "x")))[0]) == ["x", "x"]
            assert names(cacher.snapshot(Predicate(PREFIX, fields=Equals("metadata.namespace", "a-")))[0]) == ["z"]

    asyncio.run(run())


@pytest.mark.parametrize("predicate", [ALL, Predicate(PREFIX, labels=Equals("even", "1"))], ids=["all", "selected"])
def test_pages_put_together_are_the_whole_of_one_revision(predicate: Predicate) -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            for n in range(25):
                await cacher.create(key(f"{n:02}"), obj(f"{n:02}", labels={"even": str(1 - n % 2)}))
            whole, revision = cacher.snapshot(predicate)
            start, paged = "", []
            while True:
                page = await cacher.select(predicate, limit=4, start_after=start, revision=revision)
                assert page == cacher.list_page(predicate, limit=4, start_after=start, revision=revision)
                assert page.revision == revision
                paged += page.items
                # Between the pages, others write: before, within and behind what was read.
                victim = whole[len(paged) // 2]
                if (current := cacher.newest(victim.key)) is not None:
                    await cacher.delete(victim.key, current)
                await cacher.create(key(f"{len(paged):02}-new"), obj("new", labels={"even": "1"}))
                left = 25 - int(page.items[-1].key[-2:]) - 1
                assert (page.more, page.remaining) == (left > 0, left)
                if not page.more:
                    break
                start = page.items[-1].key
            assert paged == whole

    asyncio.run(run())


def test_reads_of_revisions_that_are_not_there() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            for n in range(3):
                await cacher.create(key(str(n)), obj(str(n)))
            await storage.compact(3)
            with pytest.raises(Compacted) as old:
                cacher.snapshot(ALL, 2)
            assert (old.value.requested, old.value.oldest) == (2, 3)
            assert names(cacher.snapshot(ALL, 3)[0]) == ["0", "1"]
            with pytest.raises(Compacted):
                cacher.watch(ALL, revision=2)
            with pytest.raises(Future) as ahead:
                cacher.snapshot(ALL, 5)
            assert (ahead.value.requested, ahead.value.current) == (5, 4)
            with pytest.raises(Future):
                await cacher.wait_revision(5, timeout=0.001)
            waiting = asyncio.ensure_future(cacher.wait_revision(5, timeout=60))
            await cacher.create(key("3"), obj("3"))
            await waiting
            await cacher.wait_revision(2)
            assert (cacher.freshness.fresh, cacher.freshness.loads) == (1, 1)
            series = cacher.freshness.series()
            assert series is not None
            assert sum(series.counts) == 3
            assert series.sum > 0

    asyncio.run(run())


def test_what_newest_gave_can_be_waited_for() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            creating = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
            await asyncio.sleep(0)
            pending = cacher.newest(key("a"))
            assert pending is not None
            assert await cacher.durable(pending) is pending is cacher.get(key("a"))
            await creating

    asyncio.run(run())


def test_a_refusal_based_on_a_write_that_fails_is_that_failure() -> None:
    class Failing(MemoryBackend):
        def commit(self, records: Any) -> None:
            raise OSError("no")

    async def run() -> None:
        async with running(Failing()) as (_, cacher):
            creating = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
            await asyncio.sleep(0)
            with pytest.raises(StorageFailed):
                await cacher.create(key("a"), obj("a"))
            with pytest.raises(StorageFailed):
                await creating
            assert cacher.newest(key("a")) is None

    asyncio.run(run())


def test_observers_see_what_is_there_and_then_every_event_before_watchers() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            await cacher.create(key("a"), obj("a"))
            watch = cacher.watch(ALL, revision=storage.revision)
            seen: list[tuple[int, bool, int]] = []

            def observer(event: Event) -> None:
                seen.append((event.revision, event.deleted, len(watch.buffer)))
                raise RuntimeError("an observer's trouble is its own")

            storage.observe(PREFIX, observer)
            assert seen == [(2, False, 0)]
            item = await cacher.create(key("b"), obj("b"))
            await cacher.delete(key("b"), item)
            assert [revision for revision, _, _ in seen] == [2, 3, 4]
            assert [deleted for _, deleted, _ in seen] == [False, False, True]
            assert seen[1][2] == 0

    asyncio.run(run())


def test_bookmarks_come_once_a_minute_to_those_who_ask() -> None:
    async def run() -> None:
        clock = Clock()
        async with running(clock=clock) as (storage, cacher):
            asking = cacher.watch(ALL, revision=storage.revision, bookmarks=True)
            other = cacher.watch(ALL, revision=storage.revision)
            tasks = [asyncio.ensure_future(w.batch()) for w in (asking, other)]
            await asyncio.sleep(0)
            clock.now += 59
            await storage.tick()
            await asyncio.sleep(0)
            assert not tasks[0].done()
            clock.now += 1
            await storage.tick()
            assert told(await tasks[0]) == [("BOOKMARK", "False", 1)]
            assert not tasks[1].done()
            await storage.tick()
            assert asking.buffer == []
            bookmark = asking.bookmark()
            assert bookmark is not None
            assert (bookmark.type, bookmark.revision) == ("BOOKMARK", 1)
            await cacher.create(key("a"), obj("a"))
            assert asking.bookmark() is None
            await tasks[1]

    asyncio.run(run())


def test_what_was_encoded_for_watchers_is_dropped_after_a_tick_or_two() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watch = cacher.watch(ALL, revision=storage.revision)
            item = await cacher.create(key("a"), obj("a"))
            await cacher.update(key("a"), obj("a"), item)
            events = await watch.batch()
            for event in events:
                assert event.item is not None
                event.item.renditions = {"form": b"bytes"}
            await storage.tick()
            assert all(event.shown for event in cacher.history.events)
            await cacher.create(key("b"), obj("b"))
            await watch.batch()
            await storage.tick()
            assert [event.shown is None for event in cacher.history.events] == [True, True, False]
            assert item.renditions is None
            assert told(await cacher.watch(ALL, revision=1).batch()) == [*told(events), ("ADDED", "b", 4)]
            await storage.tick()
            assert all(event.shown is None for event in cacher.history.events[2:])

    asyncio.run(run())


def test_loading_stored_records_rebuilds_state_and_history() -> None:
    async def run() -> None:
        backend = MemoryBackend()
        backend.commit([
            Record(5, key("old"), b'{"metadata":{"name":"old","namespace":"ns","resourceVersion":"5"}}'),
            Record(6, key("gone"), b'{"metadata":{"name":"gone","namespace":"ns","resourceVersion":"6"}}'),
            Record(7, "/registry/other/x", b"not json"),
        ])
        backend.compact(6)
        backend.commit([Record(8, key("gone"), b'{"metadata":{"name":"gone","resourceVersion":"8"}}', True, 6)])
        async with running(backend) as (storage, cacher):
            assert (storage.revision, cacher.count()) == (8, 1)
            assert names(cacher.snapshot(ALL, 6)[0]) == ["gone", "old"]
            assert told(await cacher.watch(ALL, revision=6).batch()) == [("DELETED", "gone", 8)]
            with pytest.raises(OSError, match=r"the stored object /registry/other/x \(revision 7\) is damaged"):
                storage.cacher("/registry/other", lambda o: ({}, {}))

    asyncio.run(run())


# Every change exactly once, however reads, writes and watches interleave.

_NAMES = st.sampled_from(["a", "b", "c"])
_LABEL = st.sampled_from(["", "1", "2"])
_PREDICATES = st.sampled_from([
    ALL, Predicate(PREFIX + "ns/"), Predicate(PREFIX + "n/"), Predicate(key("a"), single=True),
    Predicate(PREFIX, labels=Equals("l", "1")), Predicate(PREFIX + "ns/", labels=Equals("l", "2")),
])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _NAMES, _LABEL),
        st.tuples(st.just("delete"), _NAMES),
        st.tuples(st.just("turn")),
        st.tuples(st.just("settle")),
        st.tuples(st.just("watch"), _PREDICATES, st.integers(0, 12)),
        st.tuples(st.just("read"), st.integers(0, 5)),
    ),
    max_size=60,
)


class _Follower:
    """A client that listed at a revision and watches from there."""

    def __init__(self, cacher: WatchCache, predicate: Predicate, back: int) -> None:
        items, self.revision = cacher.snapshot(predicate, max(1, cacher.revision - back))
        self.state = {item.key: item.revision for item in items}
        self.predicate = predicate
        self.watch: Watch = cacher.watch(predicate, revision=self.revision)
        self.reading: asyncio.Future[list[WatchEvent]] | None = None

    def read(self) -> None:
        if self.reading is None or self.reading.done():
            self.take()
            self.reading = asyncio.ensure_future(self.watch.batch())

    def take(self) -> None:
        if self.reading is None:
            return
        for event in self.reading.result():
            assert event.revision > self.revision
            assert event.item is not None
            assert event.item.revision == self.revision_of(event) == event.revision
            self.revision = event.revision
            assert (event.item.key in self.state) == (event.type != "ADDED")
            if event.type == "DELETED":
                del self.state[event.item.key]
            else:
                self.state[event.item.key] = event.revision
        self.reading = None

    @staticmethod
    def revision_of(event: WatchEvent) -> int:
        assert event.item is not None
        return int(event.item.body.split(b'"resourceVersion":"')[1].split(b'"')[0])

    async def finish(self) -> None:
        self.watch.close()
        while True:
            if self.reading is None:
                self.reading = asyncio.ensure_future(self.watch.batch())
            if not await self.reading:
                return
            self.take()


async def _play(steps: list[tuple[Any, ...]]) -> None:
    async with running() as (_, cacher):
        writes: list[asyncio.Future[Item]] = []
        followers: list[_Follower] = []
        for step in steps:
            match step:
                case ("put", name, label):
                    current = cacher.newest(key(name))
                    wanted = obj(name, labels={"l": label} if label else None)
                    writes.append(asyncio.ensure_future(
                        cacher.update(key(name), wanted, current) if current else cacher.create(key(name), wanted)
                    ))
                    await asyncio.sleep(0)
                case ("delete", name):
                    if (current := cacher.newest(key(name))) is not None:
                        writes.append(asyncio.ensure_future(cacher.delete(key(name), current)))
                        await asyncio.sleep(0)
                case ("turn",):
                    await asyncio.sleep(0)
                case ("settle",):
                    await asyncio.gather(*writes)
                case ("watch", predicate, back):
                    followers.append(_Follower(cacher, predicate, back))
                case ("read", n) if n < len(followers):
                    followers[n].read()
        await asyncio.gather(*writes)
        # A watch that is still catching up when it is closed ends there: let them all reach the present.
        for follower in followers:
            follower.read()
        for _ in range(5):
            await asyncio.sleep(0)
        for follower in followers:
            await follower.finish()
            items, _ = cacher.snapshot(follower.predicate)
            assert follower.state == {item.key: item.revision for item in items}


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_a_list_and_a_watch_from_its_revision_see_every_change_exactly_once(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(_play(steps))
