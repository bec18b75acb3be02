import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.audit.support import event, metrics, written

from pilothouse.audit.log import LogBackend, StandardOutput


class Memory:
    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.error: Exception | None = None
        self.closed = False

    def write(self, lines: Sequence[bytes]) -> None:
        if self.error is not None:
            raise self.error
        self.writes.append(b"".join(lines))

    def close(self) -> None:
        self.closed = True


def test_events_are_lines() -> None:
    async def run() -> None:
        file = Memory()
        backend = LogBackend(lambda: file, "json", metrics()[0])
        backend.start()
        assert await written(backend, (event(), event()))
        assert b"".join(file.writes) == event().json * 2
        await asyncio.gather(*(written(backend, (event(),)) for _ in range(50)))
        assert file.writes[1:] == [event().json * 50]
        await backend.stop()
        assert file.closed

    asyncio.run(run())


def test_what_came_while_the_thread_wrote_goes_out_in_one_write() -> None:
    async def run() -> None:
        file, begun, go_on = Memory(), threading.Event(), threading.Event()
        write = file.write

        def slow(lines: Sequence[bytes]) -> None:
            begun.set()
            go_on.wait(5)
            write(lines)

        file.write = slow  # type: ignore[method-assign]
        backend = LogBackend(lambda: file, "json", metrics()[0])
        backend.start()
        first = asyncio.create_task(written(backend, (event(),)))
        await asyncio.to_thread(begun.wait, 5)
        rest = [asyncio.create_task(written(backend, (event(),))) for _ in range(3)]
        await asyncio.sleep(0)
        rest[0].cancel()  # who waits no longer loses nothing
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *rest[1:]))
        go_on.set()
        assert await first
        assert await rest[1]
        await backend.stop()
        assert file.writes == [event().json, event().json * 3]

    asyncio.run(run())


def test_the_end_writes_what_there_is() -> None:
    async def run() -> None:
        file = Memory()
        backend = LogBackend(lambda: file, "json", metrics()[0])
        backend.start()
        future, = backend.process((event(),))
        await backend.stop()
        assert file.writes == [event().json]
        assert await future

    asyncio.run(run())


def test_the_old_format() -> None:
    async def run() -> None:
        file = Memory()
        backend = LogBackend(lambda: file, "legacy", metrics()[0])
        backend.start()
        backend.process((event(),))
        await backend.stop()
        assert file.writes == [event().legacy.encode() + b"\n"]

    asyncio.run(run())


def test_failures_are_told_and_counted() -> None:
    async def run() -> None:
        file, (counts, registry) = Memory(), metrics()
        backend = LogBackend(lambda: file, "json", counts, strict=True)
        assert not await written(backend, (event(),))
        backend.start()
        file.error = OSError("disk full")
        assert not await written(backend, (event(),))
        file.error = MemoryError()
        assert not await written(backend, (event(),))
        backend.strict = False
        assert await written(backend, (event(),))
        file.error = None
        assert await written(backend, (event(),))
        await backend.stop()
        await backend.stop()
        assert 'apiserver_audit_error_total{plugin="log"} 4' in registry.render().decode()

    asyncio.run(run())


def test_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    StandardOutput().write([b"line\n"])
    assert capfd.readouterr().out == "line\n"
