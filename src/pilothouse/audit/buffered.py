"""Events are taken at once and sent in batches (upstream: plugin/pkg/audit/buffered).

Nobody waits: when the buffer is full, events are dropped, counted and logged.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.audit.event import Event
    from pilothouse.audit.interface import Backend, Writing
    from pilothouse.audit.metrics import AuditMetrics

_MOST_SENDING = 64
"""Batches on their way at once; upstream bounds only how many begin in a second."""
_MOST_BYTES = 256 * 1024 * 1024
"""Of all events that are held; upstream bounds only their number."""


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """`max_wait` in seconds; `qps` None does not throttle. With `concurrent` batches do not wait for each other.

    With `joins` the size of a batch makes no difference to the backend: without throttling all that has come meanwhile
    goes out as one.
    """

    buffer_size: int = 10000
    max_size: int = 1
    max_wait: float = 0.0
    qps: float | None = None
    burst: int = 0
    concurrent: bool = False
    joins: bool = False


class TokenBucket:
    """Lets `burst` through at once and `qps` in a second (upstream: flowcontrol.NewTokenBucketRateLimiter)."""

    def __init__(self, qps: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._qps = qps
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock()

    def take(self) -> float:
        """Takes a token; the seconds until it is there."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - 1
        self._at = now
        return max(0.0, -self._tokens / self._qps)


class BufferedBackend:
    """`backend` is started and stopped with it."""

    name = "buffered"
    strict = False
    ordered = True

    def __init__(self, backend: Backend, config: BatchConfig, metrics: AuditMetrics) -> None:
        self._backend = backend
        self._config = config
        self._metrics = metrics
        self._buffer: deque[Event] = deque()
        self._bytes = 0
        self._most = config.buffer_size if config.joins and not config.qps else config.max_size
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._stopping = False
        self._throttle = TokenBucket(config.qps, config.burst) if config.qps else None

    def start(self) -> None:
        self._backend.start()
        self._worker = asyncio.create_task(self._run(), name="audit-batches")

    async def stop(self) -> None:
        """Sends what is buffered."""
        self._stopping = True
        self._arrived.set()
        self._full.set()
        if self._worker is not None:
            await self._worker
        await self._backend.stop()

    def process(self, events: Sequence[Event]) -> Writing:
        for i, event in enumerate(events):
            size = event.size
            if self._stopping or len(self._buffer) >= self._config.buffer_size or self._bytes + size > _MOST_BYTES:
                error = "audit backend shut down" if self._stopping else "audit buffer queue blocked"
                self._metrics.failed(self.name, error, events[i:])
                break
            self._buffer.append(event)
            self._bytes += size
        if self._buffer:
            self._arrived.set()
            if len(self._buffer) >= self._config.max_size:
                self._full.set()
        return ()

    async def _run(self) -> None:
        sending = asyncio.Semaphore(_MOST_SENDING)
        async with asyncio.TaskGroup() as tasks:
            while self._buffer or not self._stopping:
                batch = await self._collect()
                if not batch:
                    continue
                if self._throttle is not None and (seconds := self._throttle.take()):
                    await asyncio.sleep(seconds)
                if not self._config.concurrent:
                    await self._send(batch)
                    continue
                await sending.acquire()
                task = tasks.create_task(self._send(batch), name="audit-batch")
                task.add_done_callback(lambda _: sending.release())

    async def _send(self, batch: Sequence[Event]) -> None:
        try:
            for future in self._backend.process(batch):
                await future
        except Exception as error:
            # Backends tell their failures themselves; a bug of one must not end the log for good.
            self._metrics.failed(self.name, str(error), batch)
        finally:
            self._bytes -= sum(event.size for event in batch)

    async def _collect(self) -> list[Event]:
        """The next batch: a full one, or what came within `max_wait`."""
        config = self._config
        self._arrived.clear()
        if not self._buffer and not self._stopping:
            await self._arrived.wait()
        if config.max_size > 1 and len(self._buffer) < config.max_size and not self._stopping:
            self._full.clear()
            try:
                async with asyncio.timeout(config.max_wait):
                    await self._full.wait()
            except TimeoutError:
                pass
        return [self._buffer.popleft() for _ in range(min(len(self._buffer), self._most))]
