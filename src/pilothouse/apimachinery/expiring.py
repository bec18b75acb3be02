"""A bounded map whose entries die of age (upstream: k8s.io/apimachinery pkg/util/cache, Expiring)."""

import time
from collections.abc import Callable, Hashable
from itertools import islice
from typing import Generic, TypeVar

_LOOKED_AT = 64
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """Holds at most `limit` entries; the oldest written goes first. `clock` gives monotonic seconds.

        answers: Expiring[str, bool] = Expiring(1000)
        answers.set(token, True, ttl=10.0)
        answers.get(token)
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value, or None for a key that is not there or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock():
            del self._entries[key]
            return None
        return entry[1]

    def set(self, key: K, value: V, ttl: float) -> None:
        """Keep `value` for `ttl` seconds from now."""
        self._entries.pop(key, None)
        if len(self._entries) >= self._limit:
            self._make_room()
        self._entries[key] = (self._clock() + ttl, value)

    def _make_room(self) -> None:
        """Drop what has died of the entries written first, at least the first. A look at all would take long, and a
        client could ask for one with each request."""
        now = self._clock()
        dead = [key for key, (until, _) in islice(self._entries.items(), _LOOKED_AT) if until <= now]
        for key in dead or [next(iter(self._entries))]:
            del self._entries[key]

    def clear(self) -> None:
        self._entries.clear()
