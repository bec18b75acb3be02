import asyncio

import pytest

from pilothouse.storage.interface import Predicate
from pilothouse.storage.watch import BATCH
from tests.storage.support import ALL, PREFIX, Equals, key, obj, running, told


def test_a_watch_from_now_begins_with_what_is_there() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            first = await cacher.create(key("b"), obj("b"))
            await cacher.create(key("a"), obj("a"))
            await cacher.update(key("b"), obj("b"), first)
            watch = cacher.watch(ALL, revision=0, bookmarks=True)
            await cacher.create(key("c"), obj("c"))
            assert told(await watch.batch()) == [("ADDED", "a", 3), ("ADDED", "b", 4)]
            assert told(await watch.batch()) == [("ADDED", "c", 5)]

    asyncio.run(run())


def test_initial_events_end_with_a_bookmark_for_those_who_ask() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            await cacher.create(key("a"), obj("a", labels={"l": "1"}))
            await cacher.create(key("b"), obj("b"))
            chosen = Predicate(PREFIX, labels=Equals("l", "1"))
            watch = cacher.watch(chosen, revision=None, bookmarks=True, initial_events=True)
            assert told(await watch.batch()) == [("ADDED", "a", 2), ("BOOKMARK", "True", 3)]
            none = cacher.watch(Predicate(PREFIX + "other/"), revision=2, bookmarks=True, initial_events=True)
            assert told(await none.batch()) == [("BOOKMARK", "True", 3)]
            silent = cacher.watch(chosen, revision=2, initial_events=True)
            assert told(await silent.batch()) == [("ADDED", "a", 2)]

    asyncio.run(run())


def test_selectors_turn_changes_into_arrivals_and_departures() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watch = cacher.watch(Predicate(PREFIX, labels=Equals("l", "1")), revision=storage.revision)
            twin = cacher.watch(Predicate(PREFIX + "ns/", labels=Equals("l", "1")), revision=storage.revision)
            item = await cacher.create(key("a"), obj("a"))
            for label in ("1", "1", "2", "1"):
                item = await cacher.update(key("a"), obj("a", labels={"l": label}), item)
            await cacher.delete(key("a"), item)
            events = await watch.batch()
            assert told(events) == [
                ("ADDED", "a", 3), ("MODIFIED", "a", 4), ("DELETED", "a", 5), ("ADDED", "a", 6), ("DELETED", "a", 7),
            ]
            departed = events[2].item
            assert departed is not None
            assert departed.labels == {"l": "1"}
            assert departed.body == (
                b'{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"5","labels":{"l":"1"}},"data":{}}'
            )
            assert await twin.batch() == events, "encoded once, and shared"

    asyncio.run(run())


def test_watchers_of_the_same_change_share_one_event() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watches = [cacher.watch(ALL, revision=storage.revision) for _ in range(3)]
            waiting = [asyncio.ensure_future(watch.batch()) for watch in watches]
            await asyncio.sleep(0)
            await cacher.create(key("a"), obj("a"))
            (first,), (second,), (third,) = await asyncio.gather(*waiting)
            assert first is second is third

    asyncio.run(run())


def test_a_long_replay_comes_in_batches_and_misses_nothing() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            total = 2 * BATCH + 100
            await asyncio.gather(*(cacher.create(key(str(n)), obj(str(n))) for n in range(total)))
            watch = cacher.watch(ALL, revision=1)
            got = []
            while len(got) < total + 1:
                events = await watch.batch()
                assert 0 < len(events) <= BATCH
                if len(got) == BATCH:
                    await cacher.create(key("late"), obj("late"))
                got += [event.revision for event in events]
            assert got == list(range(2, total + 3))

    asyncio.run(run())


def test_a_slow_watcher_is_dropped_and_others_are_not() -> None:
    async def run() -> None:
        async with running(watch_capacity=10) as (storage, cacher):
            slow = cacher.watch(ALL, revision=storage.revision)
            fast = cacher.watch(ALL, revision=storage.revision)
            chosen = cacher.watch(Predicate(PREFIX, labels=Equals("l", "1")), revision=storage.revision)
            count = 0
            for watch in (slow, chosen, fast):
                task = asyncio.ensure_future(watch.batch())
                await asyncio.sleep(0)
                task.cancel()
            for n in range(12):
                await cacher.create(key(str(n)), obj(str(n), labels={"l": "1"}))
                count += len(await fast.batch())
            assert count == 12
            assert await slow.batch() == [] == await chosen.batch()
            assert (cacher.watches, cacher.watches_dropped) == (1, 2)

    asyncio.run(run())


def test_a_watch_whose_history_is_forgotten_meanwhile_ends() -> None:
    async def run() -> None:
        async with running(history_capacity=8) as (_, cacher):
            watch = cacher.watch(ALL, revision=1)
            for n in range(10):
                await cacher.create(key(str(n)), obj(str(n)))
            assert await watch.batch() == []
            assert watch.dropped

    asyncio.run(run())


def test_a_watch_from_the_future_begins_there() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watch = cacher.watch(ALL, revision=3)
            waiting = asyncio.ensure_future(watch.batch())
            await asyncio.sleep(0)
            for n in range(3):
                await cacher.create(key(str(n)), obj(str(n)))
            assert told(await waiting) == [("ADDED", "2", 4)]
            unborn = cacher.watch(ALL, revision=100)
            ending = asyncio.ensure_future(unborn.batch())
            await asyncio.sleep(0)
            await storage.close()
            assert await ending == []

    asyncio.run(run())


def test_closing_hands_out_what_is_buffered_and_then_ends() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            watch = cacher.watch(ALL, revision=storage.revision)
            waiting = asyncio.ensure_future(watch.batch())
            await asyncio.sleep(0)
            await cacher.create(key("a"), obj("a"))
            await waiting
            await cacher.create(key("b"), obj("b"))
            watch.close()
            watch.close()
            await cacher.create(key("c"), obj("c"))
            assert told(await watch.batch()) == [("ADDED", "b", 3)]
            assert await watch.batch() == []
            assert watch.bookmark() is None
            assert cacher.watches == 0

    asyncio.run(run())


def test_a_prefix_without_its_slash_is_refused() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            with pytest.raises(ValueError, match="ends with a slash"):
                cacher.watch(Predicate(PREFIX + "ns"), revision=1)

    asyncio.run(run())


def test_a_watch_from_the_far_future_can_be_ended() -> None:
    async def run() -> None:
        async with running() as (_, cacher):
            watch = cacher.watch(ALL, revision=2**62)
            waiting = asyncio.ensure_future(watch.batch())
            await asyncio.sleep(0)
            watch.close()
            assert await asyncio.wait_for(waiting, 5) == []
            await cacher.create(key("a"), obj("a"))

    asyncio.run(run())
