"""What a queue tells of itself at a scrape."""

import asyncio

from pilothouse.observability.metrics import Registry
from pilothouse.server.workqueue import WorkQueue
from pilothouse.server.workqueue_metrics import WorkQueueMetrics


def test_keys_are_counted_from_the_queue_to_the_end() -> None:
    registry = Registry()
    metrics = WorkQueueMetrics("jobs", registry)
    metrics.added("a")
    metrics.added("b")
    metrics.started("a")
    text = registry.render().decode()
    assert 'workqueue_adds_total{name="jobs"} 2\n' in text
    assert 'workqueue_depth{name="jobs"} 1\n' in text
    assert 'workqueue_queue_duration_seconds_count{name="jobs"} 1\n' in text
    metrics.done("a")
    metrics.retried()
    text = registry.render().decode()
    assert 'workqueue_work_duration_seconds_count{name="jobs"} 1\n' in text
    assert 'workqueue_retries_total{name="jobs"} 1\n' in text
    assert 'workqueue_unfinished_work_seconds{name="jobs"} 0\n' in text


def test_a_key_that_waits_already_is_not_counted_again() -> None:
    async def main() -> None:
        async def work(_: str) -> None:
            done.set()

        done = asyncio.Event()
        queue: WorkQueue[str] = WorkQueue("counted", work, workers=1, metrics=metrics)
        queue.add("a")
        queue.add("a")
        task = asyncio.ensure_future(queue.run())
        await done.wait()
        task.cancel()

    registry = Registry()
    metrics = WorkQueueMetrics("counted", registry)
    asyncio.run(main())
    assert 'workqueue_adds_total{name="counted"} 1\n' in registry.render().decode()
