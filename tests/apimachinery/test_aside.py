import asyncio
import sys
import threading

import pytest

from pilothouse.apimachinery.aside import LIGHT_BYTES, aside, is_heavy


def test_many_values_are_heavy_in_every_form() -> None:
    assert is_heavy(b'{"k":"v"},' * 3000)
    assert is_heavy(b"k: v\n" * 5000)
    assert is_heavy(b"\n\x06\n\x01k\x12\x01v" * 3000)
    assert not is_heavy(b'"' + b"x" * 3_000_000 + b'"')
    assert not is_heavy(b'{"k":"v"},' * (LIGHT_BYTES // 10))


def test_work_aside_returns_and_raises_and_lets_the_loop_run() -> None:
    async def run() -> None:
        turn = threading.Event()
        usual = sys.getswitchinterval()
        work = asyncio.ensure_future(aside(turn.wait, timeout=10))
        await asyncio.sleep(0)
        turn.set()
        assert await work
        with pytest.raises(ZeroDivisionError):
            await aside(divmod, 1, 0)
        assert sys.getswitchinterval() == usual

    asyncio.run(run())


def test_what_nobody_waits_for_is_broken_off() -> None:
    """Or everything that comes after it would wait for ever."""

    async def run() -> None:
        begun = threading.Event()

        def work() -> None:
            begun.set()
            while True:
                pass

        waiting = asyncio.create_task(aside(work))
        await asyncio.to_thread(begun.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await aside(int, "1") == 1

    asyncio.run(run())


def test_what_is_broken_off_at_its_end_hits_nobody_else() -> None:
    async def run() -> None:
        for turns in range(300):
            waiting = asyncio.create_task(aside(sum, range(turns * 100)))
            for _ in range(turns % 7):
                await asyncio.sleep(0)
            waiting.cancel()
            assert await aside(sum, range(100)) == 4950
            await asyncio.gather(waiting, return_exceptions=True)

    usual = sys.getswitchinterval()
    asyncio.run(run())
    assert sys.getswitchinterval() == usual
