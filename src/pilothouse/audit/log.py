"""The log backend: events as lines of a file or of standard output (upstream: plugin/pkg/audit/log).

A thread writes, so that a slow disk holds up only the requests that wait for their own events: what came while it
wrote goes out in one write after that.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.metrics import AuditMetrics

_MOST = 1000
"""Writes that are joined to one."""


class File(Protocol):
    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class StandardOutput:
    """--audit-log-path=-"""

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view):]

    def close(self) -> None: ...


class _Write:
    """Lines to be written, and who waits for that."""

    __slots__ = ("data", "future")

    def __init__(self, data: bytes, future: asyncio.Future[OSError | None]) -> None:
        self.data = data
        self.future = future


class LogBackend:
    """`format` is one of `interface.FORMATS`. The file is opened by `open_file` when the backend starts."""

    name = "log"

    def __init__(self, open_file: Callable[[], File], format: str, metrics: AuditMetrics) -> None:
        self._open_file = open_file
        self._legacy = format == "legacy"
        self._metrics = metrics
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises OSError for a file that cannot be opened."""
        file, loop = self._open_file(), asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(file, loop), name="audit-log", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def process(self, events: Sequence[Event]) -> bool:
        if self._thread is None:
            self._metrics.failed(self.name, "audit backend shut down", events)
            return False
        future: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()
        self._queue.put(_Write(b"".join(self._line(event) for event in events), future))
        error = await future
        if error is not None:
            self._metrics.failed(self.name, error, events)
        return error is None

    def _line(self, event: Event) -> bytes:
        return f"{event.legacy}\n".encode("utf-8", "surrogateescape") if self._legacy else event.json

    def _run(self, file: File, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: writes until it is told to end."""
        ended = False
        while not ended:
            batch, ended = self._take()
            error: OSError | None = None
            try:
                if batch:
                    file.write(b"".join(write.data for write in batch))
            except OSError as e:
                error = e
            loop.call_soon_threadsafe(_settle, batch, error)
        file.close()

    def _take(self) -> tuple[list[_Write], bool]:
        """What is to be written next, and whether it is the last."""
        batch: list[_Write] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == _MOST:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True


def _settle(batch: Sequence[_Write], error: OSError | None) -> None:
    for write in batch:
        if not write.future.done():
            write.future.set_result(error)
