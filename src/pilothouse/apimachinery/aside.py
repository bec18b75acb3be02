"""Work that is too long for the event loop, done beside it.

Objects of some hundred fields are handled on the loop: to hand them over would cost more than the work. Rare ones of
tens of thousands of fields take up to a second, and meanwhile nobody else would be served. Those go to one thread,
where they wait for each other, while the interpreter gives the loop its turn every few milliseconds. Only functions
of their arguments go there: state changes on the loop. So nothing is lost when one is broken off in its middle because
nobody waits for it any more.
"""

import asyncio
import ctypes
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LIGHT_BYTES: Final = 16 * 1024
"""Up to this size nothing is heavy."""
LIGHT_VALUES: Final = 1000
"""Values that are handled within about five milliseconds."""
_MOST_TURNS: Final = 100
"""More than the interpreter needs to raise what it was asked to."""
_SWITCH_SECONDS: Final = 0.001
"""How long the loop waits at most for the interpreter while the thread works."""


def is_heavy(data: bytes) -> bool:
    """Whether a document, in JSON, YAML or protobuf, may hold so many values that work on it is long."""
    return len(data) > LIGHT_BYTES and values(data) > LIGHT_VALUES


def values(data: bytes) -> int:
    """About how many values a document holds, never too few."""
    return data.count(b":") + data.count(b",") + data.count(b"\n") + 1


async def aside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns or raises, worked out in the thread. Cancelled, it ends soon: others wait behind it."""
    job = _Job()

    def run() -> T:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            return job.run(lambda: function(*args, **kwargs))
        finally:
            sys.setswitchinterval(usual)

    try:
        return await asyncio.get_running_loop().run_in_executor(_thread(), run)
    except asyncio.CancelledError:
        job.abandon()
        raise


class _Abandoned(BaseException):
    """Raised in the thread, wherever it is."""


class _Job:
    """What the thread is doing for one caller. The interpreter raises what `abandon` asks for a little later: the job
    does not end before that, so that it never hits the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._sent = self._arrived = False

    def run(self, function: Callable[[], T]) -> T:
        try:
            with self._lock:
                self._thread = threading.get_ident()
            return function()
        except _Abandoned:
            self._arrived = True
            raise
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._thread = None
        turns = _MOST_TURNS if self._sent and not self._arrived else 0
        for _ in range(turns):
            time.sleep(0)  # it is raised here, unless `function` has caught it

    def abandon(self) -> None:
        """Called on the loop."""
        with self._lock:
            if self._thread is None or self._sent:
                return
            self._sent = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_Abandoned))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="aside")
