"""Work that is too long for the event loop, done beside it.

Objects of some hundred fields are handled on the loop: to hand them over would cost more than the work. Rare ones of
tens of thousands of fields take up to a second, and meanwhile nobody else would be served. Those go to one thread,
where they wait for each other, while the interpreter gives the loop its turn every few milliseconds. Only functions
of their arguments go there: state changes on the loop.
"""

import asyncio
import sys
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
_SWITCH_SECONDS: Final = 0.001
"""How long the loop waits at most for the interpreter while the thread works."""


def is_heavy(data: bytes) -> bool:
    """Whether a document, in JSON, YAML or protobuf, may hold so many values that work on it is long."""
    return len(data) > LIGHT_BYTES and data.count(b":") + data.count(b",") + data.count(b"\n") > LIGHT_VALUES


async def aside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns or raises, worked out in the thread. Cancelled, it runs on for nobody."""

    def run() -> T:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            return function(*args, **kwargs)
        finally:
            sys.setswitchinterval(usual)

    return await asyncio.get_running_loop().run_in_executor(_thread(), run)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="aside")
