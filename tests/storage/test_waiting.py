import asyncio
from collections.abc import Callable
from random import Random

import pytest

from pilothouse.storage.waiting import Waiters


def in_loop(test: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    async def run() -> None:
        test(asyncio.get_running_loop())

    asyncio.run(run())


def test_those_whose_revision_has_come_are_served() -> None:
    def test(loop: asyncio.AbstractEventLoop) -> None:
        waiters = Waiters()
        wanted = [(revision, loop.create_future()) for revision in Random(1).choices(range(20), k=200)]
        for revision, waiter in wanted:
            waiters.add(revision, waiter)
        wanted[0][1].cancel()
        for now in (5, 5, 12):
            waiters.wake(now)
            assert all(waiter.done() == (revision <= now) for revision, waiter in wanted[1:])
        waiters.fail(OSError("gone"))
        for revision, waiter in wanted[1:]:
            if revision > 12:
                with pytest.raises(OSError, match="gone"):
                    waiter.result()

    in_loop(test)


def test_those_who_have_gone_do_not_pile_up() -> None:
    def test(loop: asyncio.AbstractEventLoop) -> None:
        waiters = Waiters()
        for _ in range(10_000):
            waiter = loop.create_future()
            waiters.add(2**62, waiter)
            waiter.cancel()
            assert len(waiters) < 200

    in_loop(test)
