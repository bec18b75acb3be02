import asyncio

import pytest
from tests.audit.support import event, metrics

from pilothouse.audit.log import LogBackend, StandardOutput


class Memory:
    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.error: OSError | None = None
        self.closed = False

    def write(self, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True


def test_events_are_lines() -> None:
    async def run() -> None:
        file = Memory()
        backend = LogBackend(lambda: file, "json", metrics()[0])
        backend.start()
        assert await backend.process((event(), event()))
        assert b"".join(file.writes) == event().json * 2
        await asyncio.gather(*(backend.process((event(),)) for _ in range(50)))
        assert b"".join(file.writes) == event().json * 52
        await backend.stop()
        assert file.closed

    asyncio.run(run())


def test_the_old_format() -> None:
    async def run() -> None:
        file = Memory()
        backend = LogBackend(lambda: file, "legacy", metrics()[0])
        backend.start()
        await backend.process((event(),))
        await backend.stop()
        assert file.writes == [event().legacy.encode() + b"\n"]

    asyncio.run(run())


def test_failures_are_told_and_counted() -> None:
    async def run() -> None:
        file, (counts, registry) = Memory(), metrics()
        backend = LogBackend(lambda: file, "json", counts)
        assert not await backend.process((event(),))
        backend.start()
        file.error = OSError("disk full")
        assert not await backend.process((event(),))
        file.error = None
        assert await backend.process((event(),))
        await backend.stop()
        await backend.stop()
        assert 'apiserver_audit_error_total{plugin="log"} 2' in registry.render().decode()

    asyncio.run(run())


def test_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    StandardOutput().write(b"line\n")
    assert capfd.readouterr().out == "line\n"
