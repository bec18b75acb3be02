import asyncio

import pytest
from tests.audit.support import Kept, event, metrics

from pilothouse.audit.buffered import BatchConfig, BufferedBackend, TokenBucket


def test_full_batches_go_at_once_and_the_rest_at_the_end() -> None:
    async def run() -> None:
        kept = Kept()
        backend = BufferedBackend(kept, BatchConfig(100, 3, 60.0), metrics()[0])
        backend.start()
        backend.process([event() for _ in range(7)])
        async with asyncio.timeout(5):
            while len(kept.batches) < 2:
                await kept.arrived.wait()
                await asyncio.sleep(0)
        assert [len(batch) for batch in kept.batches] == [3, 3]
        await backend.stop()
        assert [len(batch) for batch in kept.batches] == [3, 3, 1]
        assert kept.running == ["start", "stop"]

    asyncio.run(run())


def test_a_batch_waits_no_longer_than_it_may() -> None:
    async def run() -> None:
        kept = Kept()
        backend = BufferedBackend(kept, BatchConfig(100, 50, 0.01, concurrent=True), metrics()[0])
        backend.start()
        backend.process([event()])
        async with asyncio.timeout(5):
            await kept.arrived.wait()
        assert len(kept.events) == 1
        await backend.stop()

    asyncio.run(run())


def test_a_full_buffer_drops_and_counts() -> None:
    async def run() -> None:
        kept, (counts, registry) = Kept(), metrics()
        backend = BufferedBackend(kept, BatchConfig(2, 1), counts)
        assert not backend.process([event() for _ in range(5)])
        assert 'apiserver_audit_error_total{plugin="buffered"} 3' in registry.render().decode()
        backend.start()
        await backend.stop()
        assert len(kept.events) == 2
        backend.process([event()])
        assert 'apiserver_audit_error_total{plugin="buffered"} 4' in registry.render().decode()

    asyncio.run(run())


def test_what_came_meanwhile_is_one_batch_where_sizes_make_no_difference() -> None:
    async def run() -> None:
        kept = Kept()
        backend = BufferedBackend(kept, BatchConfig(100, 1, joins=True), metrics()[0])
        backend.start()
        backend.process([event() for _ in range(7)])
        async with asyncio.timeout(5):
            await kept.arrived.wait()
        assert [len(batch) for batch in kept.batches] == [7]
        await backend.stop()

    asyncio.run(run())


def test_large_events_fill_the_buffer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        kept, (counts, registry) = Kept(), metrics()
        backend = BufferedBackend(kept, BatchConfig(100, 1), counts)
        monkeypatch.setattr("pilothouse.audit.buffered._MOST_BYTES", 2 * event().size)
        for _ in range(3):
            backend.process([event()])
        assert 'apiserver_audit_error_total{plugin="buffered"} 1' in registry.render().decode()
        backend.start()
        async with asyncio.timeout(5):
            while len(kept.events) < 2:
                await kept.arrived.wait()
                await asyncio.sleep(0)
        backend.process([event()])
        await backend.stop()
        assert len(kept.events) == 3

    asyncio.run(run())


def test_a_token_bucket() -> None:
    now = 0.0
    bucket = TokenBucket(2.0, 3, lambda: now)
    assert [bucket.take() for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    now = 10.0
    assert bucket.take() == 0.0
