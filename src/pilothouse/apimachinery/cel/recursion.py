"""Functions that call themselves deeper than Python lets them: expressions may be nested 250 deep, at many calls each.

Python's limit is one for all threads and is left alone, since raising it lets others overflow, and lowering it again
kills those who are beyond it. Each thread counts for itself, though: the deeper levels run in threads of their own.
"""

import threading
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Chains of `.?` alone are not bounded by the parser (nor by upstream's).
_MOST_LEVELS: Final = 1000


class Levels:
    """Counts how deep calls are in one another; `each` of them share a stack."""

    __slots__ = ("_each", "depth")

    def __init__(self, each: int = 40) -> None:
        self.depth = 0
        self._each = each

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises; RecursionError at an unreasonable depth."""
        self.depth += 1
        try:
            if self.depth % self._each:
                return function(*args, **kwargs)
            if self.depth > _MOST_LEVELS:
                raise RecursionError("nested too deeply")
            return _aside(lambda: function(*args, **kwargs))
        finally:
            self.depth -= 1


def _aside(call: Callable[[], T]) -> T:
    """What `call` returns or raises when it has a stack of its own."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="deep expression", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
