"""A queue of keys to work on (upstream: client-go util/workqueue).

A key that is added while it is queued is worked on once; one that is added while it is being worked on is
worked on again afterwards; one that failed comes back after a pause that doubles each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import log
from pilothouse.server.periodic import tell
from pilothouse.server.workqueue_metrics import WorkQueueMetrics

K = TypeVar("K", bound=Hashable)

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 60.0


class Again(Exception):
    """Raised by work that has to be done again after a pause, without being a failure of this server."""


class WorkQueue(Generic[K]):
    """`work(key)` does one key; what it raises is logged (but for conflicts, which are expected) and tried again."""

    def __init__(
        self, name: str, work: Callable[[K], Awaitable[None]], workers: int = 4, *, first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE, metrics: WorkQueueMetrics | None = None,
    ) -> None:
        self.name = name
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._work = work
        self._workers = workers
        self._waiting: dict[K, None] = {}
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()
        self._metrics = metrics or WorkQueueMetrics(name)

    def add(self, key: K) -> None:
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = None
            self._metrics.added(key)
            self._wake.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Of several times the earliest counts."""
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        known = self._timers.get(key)
        if known is not None:
            if known.when() <= when:
                return
            known.cancel()
        self._timers[key] = loop.call_at(when, self._due, key)

    def _due(self, key: K) -> None:
        del self._timers[key]
        self.add(key)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for i in range(self._workers):
                tasks.create_task(self._run_worker(), name=f"{self.name}-{i}")

    async def _run_worker(self) -> None:
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            key = next(iter(self._waiting))
            del self._waiting[key]
            self._running.add(key)
            self._metrics.started(key)
            try:
                await self._work(key)
            except Exception as error:
                self._retry(key, error)
            else:
                self._failures.pop(key, None)
            finally:
                self._running.discard(key)
                self._metrics.done(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    def _retry(self, key: K, error: Exception) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self._metrics.retried()
        if isinstance(error, Again):
            log.info("Controller will try again", level=2, controller=self.name, key=str(key), err=str(error))
        elif not (isinstance(error, StatusError) and error.code in (404, 409)):
            # other writers who were faster are expected
            tell("Controller failed, will try again", error, controller=self.name, key=str(key))
        # The exponent is bounded, for what fails for days.
        self.add_after(key, min(self._first_pause * 2 ** min(failures, 32), self._longest_pause))
