"""Work that goes on after it has failed."""

import asyncio

import pytest

from pilothouse.apimachinery import status
from pilothouse.server.periodic import every


def test_what_failed_is_done_again() -> None:
    naps: list[float] = []
    failures: list[Exception] = [status.service_unavailable("not yet"), RuntimeError("bug")]

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def work() -> None:
        if failures:
            raise failures.pop(0)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(every(3.0, work, "It failed", sleep=nap))
    assert naps == [3.0, 3.0, 3.0]
    assert not failures
