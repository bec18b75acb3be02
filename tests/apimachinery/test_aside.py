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
