import asyncio

import pytest

from pilothouse.server import workqueue as queue
from pilothouse.server.workqueue import WorkQueue


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


def test_failures_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_PAUSE", 0.0)

    async def scenario() -> int:
        runs = 0
        finished = asyncio.Event()

        async def work(key: str) -> None:
            nonlocal runs
            runs += 1
            if runs < 3:
                raise ValueError("not yet")
            finished.set()

        work_queue = WorkQueue("test", work)
        work_queue.add("a")
        task = asyncio.create_task(work_queue.run())
        await finished.wait()
        task.cancel()
        return runs

    assert asyncio.run(scenario()) == 3
