import asyncio

import pytest

from pilothouse.server.workqueue import Again, WorkQueue


def test_a_key_added_twice_is_worked_on_once() -> None:
    async def scenario() -> list[str]:
        done: list[str] = []
        finished = asyncio.Event()

        async def work(key: str) -> None:
            done.append(key)
            if key == "last":
                finished.set()

        work_queue = WorkQueue("test", work, workers=1)
        for key in ("a", "b", "a", "last"):
            work_queue.add(key)
        task = asyncio.create_task(work_queue.run())
        await finished.wait()
        task.cancel()
        return done

    assert asyncio.run(scenario()) == ["a", "b", "last"]


def test_a_key_added_while_it_is_worked_on_comes_again() -> None:
    async def scenario() -> int:
        runs = 0
        finished = asyncio.Event()

        async def work(key: str) -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                work_queue.add(key)
                work_queue.add(key)
            else:
                finished.set()

        work_queue = WorkQueue("test", work)
        work_queue.add("a")
        task = asyncio.create_task(work_queue.run())
        await finished.wait()
        task.cancel()
        return runs

    assert asyncio.run(scenario()) == 2


@pytest.mark.parametrize("error", [ValueError("not yet"), Again("not yet")])
def test_failures_are_tried_again(error: Exception) -> None:
    async def scenario() -> int:
        runs = 0
        finished = asyncio.Event()

        async def work(key: str) -> None:
            nonlocal runs
            runs += 1
            if runs < 3:
                raise error
            finished.set()

        work_queue = WorkQueue("test", work, first_pause=0.0)
        work_queue.add("a")
        task = asyncio.create_task(work_queue.run())
        await finished.wait()
        task.cancel()
        return runs

    assert asyncio.run(scenario()) == 3


def test_of_several_times_the_earliest_counts() -> None:
    async def scenario() -> int:
        async def work(key: str) -> None:
            """Never called."""

        work_queue = WorkQueue("test", work)
        for seconds in (1000.0, 500.0, 800.0):
            work_queue.add_after("a", seconds)
        loop = asyncio.get_running_loop()
        (timer,) = work_queue._timers.values()
        assert timer.when() <= loop.time() + 500
        timer.cancel()
        work_queue._due("a")
        return len(work_queue._timers)

    assert asyncio.run(scenario()) == 0
