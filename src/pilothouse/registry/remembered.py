"""Parts of objects that come again and again, looked at once.

Every pod carries the volume with its service account's token, and that is the same in all of them. What a check
found nothing wrong with is remembered by its JSON. For pure checks only: nothing but the part may decide, or what
`also` says.
"""

from collections.abc import Hashable
from typing import Any, Final

import orjson

_MOST: Final = 256
_LONGEST: Final = 2048


class Good:
    """The parts that one check found good. Use: `if (key := good.key(part)) in good: …` and `good.add(key)`."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: set[Hashable] = set()

    @staticmethod
    def key(part: Any, also: Hashable = None) -> Hashable:
        """None for a part that is not to be remembered."""
        try:
            data = orjson.dumps(part)
        except TypeError:
            # a number beyond 64 bits, or half a surrogate pair
            return None
        return (data, also) if len(data) <= _LONGEST else None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def add(self, key: Hashable) -> None:
        if key is None:
            return
        if len(self._keys) >= _MOST:
            self._keys.clear()
        self._keys.add(key)
