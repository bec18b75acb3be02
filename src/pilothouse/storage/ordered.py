"""Items in the order of their keys."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from pilothouse.storage.interface import Item, Predicate

CHUNK: Final = 512
#: Sorts after every character a key can hold.
_LAST: Final = "\U0010ffff"
#: Chunk and place in it.
_Place = tuple[int, int]


class Ordered:
    """In chunks of `chunk` to twice as many items: one list would be moved by half at every insertion.

    A range is found by bisection and copied chunk by chunk.
    """

    __slots__ = ("_chunk", "_firsts", "_items", "_keys")

    def __init__(self, items: Sequence[Item] = (), chunk: int = CHUNK) -> None:
        self._chunk = chunk
        ordered = sorted(items, key=lambda item: item.key)
        self._items = [ordered[at : at + chunk] for at in range(0, len(ordered), chunk)] or [[]]
        self._keys = [[item.key for item in part] for part in self._items]
        self._firsts = [keys[0] if keys else "" for keys in self._keys]

    def __iter__(self) -> Iterator[Item]:
        return chain.from_iterable(self._items)

    def put(self, item: Item) -> None:
        """Add the item, or put it in place of the one with its key."""
        key = item.key
        at = self._chunk_of(key)
        keys, items = self._keys[at], self._items[at]
        place = bisect_left(keys, key)
        if place < len(keys) and keys[place] == key:
            items[place] = item
            return
        keys.insert(place, key)
        items.insert(place, item)
        if not place:
            self._firsts[at] = key
        if len(keys) > 2 * self._chunk:
            self._split(at)

    def _split(self, at: int) -> None:
        keys, items, half = self._keys[at], self._items[at], self._chunk
        self._keys[at : at + 1] = [keys[:half], keys[half:]]
        self._items[at : at + 1] = [items[:half], items[half:]]
        self._firsts.insert(at + 1, keys[half])

    def remove(self, key: str) -> None:
        at = self._chunk_of(key)
        keys = self._keys[at]
        place = bisect_left(keys, key)
        if place == len(keys) or keys[place] != key:
            return
        del keys[place]
        del self._items[at][place]
        if keys:
            self._firsts[at] = keys[0]
        elif len(self._keys) > 1:
            del self._keys[at], self._items[at], self._firsts[at]

    def select(self, predicate: Predicate, start_after: str = "", limit: int = 0) -> tuple[list[Item], int]:
        """The items in the predicate's scope with key > `start_after`, at most `limit` of them (0: all), and how many
        there are."""
        prefix = predicate.prefix
        low = self._after(start_after) if start_after >= prefix else self._from(prefix)
        high = max(low, self._after(prefix if predicate.single else prefix + _LAST))
        total = self._count(low, high)
        if limit and limit < total:
            high = self._ahead(low, limit)
        return self._between(low, high), total

    def _chunk_of(self, key: str) -> int:
        """The chunk in which the key is or would stand."""
        return max(0, bisect_right(self._firsts, key) - 1)

    def _from(self, key: str) -> _Place:
        at = self._chunk_of(key)
        return at, bisect_left(self._keys[at], key)

    def _after(self, key: str) -> _Place:
        at = self._chunk_of(key)
        return at, bisect_right(self._keys[at], key)

    def _count(self, low: _Place, high: _Place) -> int:
        return sum(map(len, self._keys[low[0] : high[0]])) - low[1] + high[1]

    def _ahead(self, low: _Place, count: int) -> _Place:
        at, place = low
        while place + count > len(self._keys[at]):
            count -= len(self._keys[at]) - place
            at, place = at + 1, 0
        return at, place + count

    def _between(self, low: _Place, high: _Place) -> list[Item]:
        first, last = low[0], high[0]
        if first == last:
            return self._items[first][low[1] : high[1]]
        found = self._items[first][low[1] :]
        for items in self._items[first + 1 : last]:
            found += items
        found += self._items[last][: high[1]]
        return found
