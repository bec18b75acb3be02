"""Testing header names cheaply: the same few names come with every request."""

from collections.abc import Callable

_LIMIT = 1000
_LONGEST = 128
"""Longer names are tested each time: a thousand of a megabyte each would be a gigabyte."""


class NameTest(dict[bytes, bool]):
    """Remembers what `test` says of a name, so that asking again costs one dict lookup: `names[b"host"]`."""

    __slots__ = ("_test",)

    def __init__(self, test: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, name: bytes) -> bool:
        if len(name) > _LONGEST:
            return self._test(name)
        if len(self) >= _LIMIT:
            # Made-up names must not fill the memory.
            self.clear()
        found = self[name] = self._test(name)
        return found
