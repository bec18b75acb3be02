import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pilothouse.storage.interface import Loaded, Predicate, Record, StorageFailed
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.sqlite import SQLiteBackend
from pilothouse.storage.storage import MAX_BATCH, Storage
from tests.storage.support import ALL, PREFIX, Clock, index, key, names, obj, running, told


class Held(MemoryBackend):
    """A backend whose commits wait for `release` in the writer thread, and fail when `fail` says so."""

    blocking = True

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Semaphore(0)
        self.fail = False
        self.batches: list[int] = []

    def commit(self, records: Sequence[Record]) -> None:
        self.release.acquire()
        if self.fail:
            raise OSError("the disk is full")
        self.batches.append(len(records))
        super().commit(records)


async def _turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_writes_of_one_turn_and_those_during_a_commit_share_commits() -> None:
    async def run() -> None:
        backend = Held()
        async with running(backend) as (storage, cacher):
            first = [asyncio.ensure_future(cacher.create(key(f"a{n}"), obj(f"a{n}"))) for n in range(3)]
            await _turns()
            second = [asyncio.ensure_future(cacher.create(key(f"b{n}"), obj(f"b{n}"))) for n in range(5)]
            await _turns()
            assert (storage.revision, cacher.count()) == (1, 0)
            backend.release.release()
            await asyncio.gather(*first)
            assert (storage.revision, cacher.count()) == (4, 3)
            assert not any(task.done() for task in second)
            backend.release.release()
            await asyncio.gather(*second)
            assert backend.batches == [3, 5]
            assert (storage.batches, storage.records, storage.revision) == (2, 8, 9)

    asyncio.run(run())


def test_nothing_is_shown_before_it_is_durable() -> None:
    async def run() -> None:
        backend = Held()
        async with running(backend) as (storage, cacher):
            watch = cacher.watch(ALL, revision=storage.revision)
            reading = asyncio.ensure_future(watch.batch())
            writing = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
            waiting = asyncio.ensure_future(cacher.wait_revision(2))
            await _turns()
            assert cacher.get(key("a")) is None
            assert cacher.snapshot(ALL) == ([], 1)
            assert not (reading.done() or writing.done() or waiting.done())
            backend.release.release()
            assert (await writing).revision == 2
            await waiting
            assert told(await reading) == [("ADDED", "a", 2)]

    asyncio.run(run())


def test_a_batch_is_bounded() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            await asyncio.gather(*(cacher.create(key(str(n)), obj(str(n))) for n in range(MAX_BATCH + 1)))
            assert storage.batches == 2

    asyncio.run(run())


def test_a_failed_commit_fails_its_writes_and_all_that_wait_and_is_shown_to_nobody() -> None:
    async def run() -> None:
        backend = Held()
        async with running(backend) as (storage, cacher):
            backend.release.release()
            kept = await cacher.create(key("kept"), obj("kept"))
            watch = cacher.watch(ALL, revision=storage.revision)
            writes = [asyncio.ensure_future(cacher.create(key("a"), obj("a")))]
            await _turns()
            writes.append(asyncio.ensure_future(cacher.update(key("kept"), obj("kept", x="1"), kept)))
            newest = cacher.newest(key("a"))
            assert newest is not None
            writes.append(asyncio.ensure_future(cacher.delete(key("a"), newest)))
            waiting = asyncio.ensure_future(cacher.wait_revision(3))
            await _turns()
            assert storage.healthy
            backend.fail = True
            backend.release.release()
            for outcome in await asyncio.gather(*writes, waiting, return_exceptions=True):
                assert isinstance(outcome, StorageFailed)
                assert str(outcome) == "a commit failed: the disk is full"
            assert not storage.healthy
            assert storage.failures == 1
            assert (storage.revision, cacher.count(), watch.buffer) == (2, 1, [])
            assert cacher.newest(key("kept")) is cacher.get(key("kept")) is kept
            with pytest.raises(StorageFailed):
                await cacher.create(key("b"), obj("b"))
        assert [record.revision for record in backend.open().records] == [2]

    asyncio.run(run())


@pytest.mark.parametrize("pages", [20, 40])
def test_a_full_disk_fails_writes_and_keeps_what_was_acknowledged(tmp_path: Path, pages: int) -> None:
    acknowledged: set[str] = set()

    async def fill() -> None:
        async with running(SQLiteBackend(tmp_path / "s.db", max_pages=pages)) as (storage, cacher):
            async def write(writer: int) -> None:
                for n in range(100):
                    name = f"{writer}-{n}"
                    await cacher.create(key(name), obj(name, x="v" * 500))
                    acknowledged.add(name)

            outcomes = await asyncio.gather(*(write(n) for n in range(8)), return_exceptions=True)
            assert all(isinstance(outcome, StorageFailed) for outcome in outcomes)
            assert "the disk is full" in str(outcomes[0])
            assert not storage.healthy
            assert set(names(cacher.snapshot(ALL)[0])) == acknowledged

    async def look() -> None:
        async with running(SQLiteBackend(tmp_path / "s.db")) as (storage, cacher):
            assert set(names(cacher.snapshot(ALL)[0])) == acknowledged
            assert (await cacher.create(key("more"), obj("more"))).revision == len(acknowledged) + 2
            assert storage.healthy

    asyncio.run(fill())
    assert acknowledged
    asyncio.run(look())


def test_closing_finishes_what_is_under_way_and_refuses_what_comes() -> None:
    async def run() -> None:
        backend = Held()
        storage = Storage(backend)
        cacher = storage.cacher(PREFIX, index)
        with pytest.raises(StorageFailed, match="has not been started"):
            await cacher.create(key("a"), obj("a"))
        await storage.close()
        await storage.start()
        watch = cacher.watch(ALL, revision=storage.revision)
        reading = asyncio.ensure_future(watch.batch())
        writing = asyncio.ensure_future(cacher.create(key("a"), obj("a")))
        await _turns()
        closing = asyncio.ensure_future(storage.close())
        await _turns()
        with pytest.raises(StorageFailed, match="is closing"):
            await cacher.create(key("b"), obj("b"))
        assert not storage.healthy
        backend.release.release()
        await closing
        assert (await writing).revision == 2
        assert told(await reading) == [("ADDED", "a", 2)]
        assert await watch.batch() == []
        await storage.close()
        assert not [t for t in threading.enumerate() if t.name == "storage-writer"]

    asyncio.run(run())


def test_a_backend_that_does_not_open_stops_the_start() -> None:
    class Absent(MemoryBackend):
        blocking = True

        def open(self) -> Loaded:
            raise OSError("another process has it open")

    async def run() -> None:
        storage = Storage(Absent())
        with pytest.raises(OSError, match="another process"):
            await storage.start()
        assert not storage.healthy
        assert not [t for t in threading.enumerate() if t.name == "storage-writer"]

    asyncio.run(run())


def test_history_is_kept_for_its_time_and_then_forgotten_on_disk_and_in_memory() -> None:
    async def run() -> None:
        clock, backend = Clock(), MemoryBackend()
        async with running(backend, clock=clock, history_seconds=300) as (storage, cacher):
            item = await cacher.create(key("a"), obj("a"))
            for minute in range(5):
                clock.now += 60
                await storage.tick()
                item = await cacher.update(key("a"), obj("a", x=str(minute)), item)
                assert storage.compacted == (1 if minute == 4 else 0)
            clock.now += 60
            await storage.tick()
            assert (storage.compacted, storage.compactions, cacher.history.floor) == (2, 2, 2)
            clock.now += 900
            await storage.tick()
            await cacher.create(key("b"), obj("b"))
            clock.now += 300
            await storage.tick()
            assert storage.compacted == 7
            assert [r.revision for r in backend.open().records] == [7, 8]
            assert told([*(await cacher.watch(ALL, revision=7).batch())]) == [("ADDED", "b", 8)]

    asyncio.run(run())


def test_compaction_goes_in_steps_and_waits_for_no_writer(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(SQLiteBackend(tmp_path / "s.db")) as (storage, cacher):
            for _ in range(25):
                await asyncio.gather(*(
                    cacher.update(item.key, obj(item.key[-2:]), item) if (item := cacher.get(key(f"{n:03}")))
                    else cacher.create(key(f"{n:03}"), obj(f"{n:03}")) for n in range(200)
                ))
            compacting = asyncio.ensure_future(storage.compact(storage.revision + 10))
            await cacher.create(key("meanwhile"), obj("meanwhile"))
            await compacting
            assert storage.compacted == 5001
        async with running(SQLiteBackend(tmp_path / "s.db")) as (storage, cacher):
            assert (storage.revision, cacher.count(), cacher.history.floor) == (5002, 201, 5001)

    asyncio.run(run())


def test_records_wait_for_their_cacher_and_a_released_one_gives_them_back() -> None:
    async def run() -> None:
        backend = MemoryBackend()
        async with running(backend) as (storage, cacher):
            await cacher.create(key("a"), obj("a"))
            nodes = storage.cacher("/registry/minions", index)
            assert storage.cacher("/registry/minions/", index) is nodes
            await nodes.create("/registry/minions/n", obj("n", ""))
        async with running(backend) as (storage, cacher):
            assert cacher.count() == 1
            nodes = storage.cacher("/registry/minions/", index)
            assert nodes.count() == 1
            watch = nodes.watch(Predicate("/registry/minions/"), revision=1)
            assert told(await watch.batch()) == [("ADDED", "n", 3)]
            writing = asyncio.ensure_future(nodes.create("/registry/minions/m", obj("m", "")))
            await asyncio.sleep(0)
            await storage.release("/registry/minions")
            await storage.release("/registry/minions")
            assert told(await watch.batch()) == [("ADDED", "m", 4)]
            assert await watch.batch() == []
            await writing
            again = storage.cacher("/registry/minions", index)
            assert again is not nodes
            assert (again.count(), again.history.floor) == (2, 4)
            item = again.get("/registry/minions/n")
            assert item is not None
            await again.delete("/registry/minions/n", item)

    asyncio.run(run())


def test_a_damaged_object_stops_the_start_or_its_cacher_again_and_again(tmp_path: Path) -> None:
    backend = SQLiteBackend(tmp_path / "s.db")
    backend.open()
    backend.commit([Record(2, key("a"), b"not json")])
    backend.close()

    async def run() -> None:
        storage = Storage(SQLiteBackend(tmp_path / "s.db"))
        storage.cacher(PREFIX, index)
        for _ in range(2):
            with pytest.raises(OSError, match=r"/registry/configmaps/ns/a \(revision 2\) is damaged"):
                await storage.start()
        storage = Storage(SQLiteBackend(tmp_path / "s.db"))
        await storage.start()
        for _ in range(2):
            with pytest.raises(OSError, match="is damaged"):
                storage.cacher(PREFIX, index)
        await storage.close()

    asyncio.run(run())
