"""The log backend: events as lines of a file or of standard output (upstream: plugin/pkg/audit/log).

A thread writes, so that a slow disk holds up only the requests that wait for their own events. What came in one turn of
the event loop is handed over at once, what came while the thread wrote goes out in one write after that.
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
    from pilothouse.audit.interface import Writing
    from pilothouse.audit.metrics import AuditMetrics


class File(Protocol):
    def write(self, lines: Sequence[bytes]) -> None:
        """Raises OSError."""
        ...

    def close(self) -> None: ...


class StandardOutput:
    """--audit-log-path=-"""

    def write(self, lines: Sequence[bytes]) -> None:
        view = memoryview(b"".join(lines))
        while view:
            view = view[os.write(1, view):]

    def close(self) -> None: ...


class _Batch:
    """Events, their lines, and who waits until those are written."""

    __slots__ = ("events", "futures", "lines")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.lines: list[bytes] = []
        self.futures: list[asyncio.Future[bool]] = []


class LogBackend:
    """`format` is one of `interface.FORMATS`. The file is opened by `open_file` when the backend starts. A failure to
    write matters to requests only where it is `strict`."""

    name = "log"
    ordered = True

    def __init__(
        self, open_file: Callable[[], File], format: str, metrics: AuditMetrics, *, strict: bool = False
    ) -> None:
        self.strict = strict
        self._open_file = open_file
        self._legacy = format == "legacy"
        self._metrics = metrics
        self._loop: asyncio.AbstractEventLoop
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._next = _Batch()
        self._busy = False
        """Whether the thread has something to write, or will be handed it at the end of this turn of the loop."""

    def start(self) -> None:
        """Raises OSError for a file that cannot be opened."""
        file, self._loop = self._open_file(), asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(file,), name="audit-log", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._next.events:
                self._queue.put(self._next)
                self._next = _Batch()
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    def process(self, events: Sequence[Event]) -> Writing:
        if self._thread is None:
            self._metrics.failed(self.name, "audit backend shut down", events)
            future = asyncio.get_running_loop().create_future()
            future.set_result(not self.strict)
            return (future,)
        batch, future = self._next, self._loop.create_future()
        for event in events:
            batch.events.append(event)
            batch.lines.append(self._line(event) if self._legacy else event.json)
        batch.futures.append(future)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)
        return (future,)

    @staticmethod
    def _line(event: Event) -> bytes:
        return f"{event.legacy}\n".encode("utf-8", "surrogateescape")

    def _hand_over(self) -> None:
        batch = self._next
        if batch.events:
            self._next = _Batch()
            self._queue.put(batch)
        else:
            self._busy = False

    def _run(self, file: File) -> None:
        """The thread: writes until it is told to end."""
        while (batch := self._queue.get()) is not None:
            error: Exception | None = None
            try:
                file.write(batch.lines)
            except Exception as e:
                # whatever it is: nobody may wait for ever
                error = e
            self._loop.call_soon_threadsafe(self._settle, batch, error)
        file.close()

    def _settle(self, batch: _Batch, error: Exception | None) -> None:
        self._hand_over()
        if error is not None:
            self._metrics.failed(self.name, error, batch.events)
        for future in batch.futures:
            if not future.done():
                future.set_result(error is None or not self.strict)

