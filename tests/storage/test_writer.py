import asyncio
import threading

import pytest

from pilothouse.storage.writer import Writer


@pytest.mark.parametrize("threaded", [True, False])
def test_jobs_run_in_order_and_errors_come_back(threaded: bool) -> None:
    async def run() -> None:
        writer = Writer(asyncio.get_running_loop(), threaded=threaded)
        order: list[int] = []
        jobs = [asyncio.ensure_future(writer.call(lambda n=n: order.append(n))) for n in range(10)]
        with pytest.raises(OSError, match="no"):
            await writer.call(_raise)
        await asyncio.gather(*jobs)
        assert order == list(range(10))
        writer.stop()
        writer.stop()

    def _raise() -> None:
        raise OSError("no")

    asyncio.run(run())


def test_a_thread_of_its_own() -> None:
    async def run() -> None:
        writer = Writer(asyncio.get_running_loop(), threaded=True)
        names = {await writer.call(lambda: threading.current_thread().name) for _ in range(3)}
        writer.stop()
        assert names == {"storage-writer"}

    asyncio.run(run())
