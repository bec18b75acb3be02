"""The one thread that touches the backend, so that a slow disk never holds up the event loop.

It is not the loop's default executor: that one is shared with name look-ups and whatever else, and a
commit must not queue behind them. Answers come back with one `call_soon_threadsafe` each.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

#: Called on the loop with (result, None) or (None, error).
Done = Callable[[Any, BaseException | None], None]
_Job = tuple[Callable[[], Any], Done]


class Writer:
    """Runs functions one after the other in its thread; with `threaded` False, on the loop, one turn later."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, threaded: bool) -> None:
        self._loop = loop
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
            self._thread.start()

    def submit(self, function: Callable[[], Any], done: Done) -> None:
        if self._thread is not None:
            self._jobs.put((function, done))
        else:
            self._loop.call_soon(self._run_here, function, done)

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function` after all that was submitted before, and return or raise what it does."""
        future: asyncio.Future[T] = self._loop.create_future()

        def done(result: T, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.submit(function, done)
        return await future

    def stop(self) -> None:
        """End the thread after its last job. Nothing may be submitted afterwards."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, done = job
            result, error = _outcome(function)
            self._loop.call_soon_threadsafe(done, result, error)

    def _run_here(self, function: Callable[[], Any], done: Done) -> None:
        done(*_outcome(function))


def _outcome(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except BaseException as error:
        return None, error
