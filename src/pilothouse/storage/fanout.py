"""Finds the live watches that an event concerns, and wakes them at a rate that the loop can bear.

Thousands of clients watch one object or one namespace each (every kubelet watches every Secret it uses),
so watches are kept by the scope of their predicate, and an event looks up the few scopes its key is in.

To wake a watcher costs far more (a write to its socket) than to give it one more event. So after a round
that woke many, the next one waits for a time in proportion, and what happens meanwhile goes out together:
an event after a quiet moment is sent at once, and a burst of writes under a hundred watchers is still
sent within ten milliseconds, at a third of the loop's time.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from pilothouse.storage.interface import Event
from pilothouse.storage.items import shown
from pilothouse.storage.watch import Watch

#: Pause after a round of wake-ups, for each watcher that it woke.
PAUSE_SECONDS: Final = 0.0001
MAX_PAUSE_SECONDS: Final = 0.02


class Timers(Protocol):
    """What is used of an event loop."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle: ...


class _Scope:
    __slots__ = ("plain", "selective")

    def __init__(self) -> None:
        self.plain: dict[Watch, None] = {}
        self.selective: dict[Watch, None] = {}


class Fanout:
    """The live watches of one cacher, whose keys all begin with `prefix` (which ends with a slash)."""

    __slots__ = ("_next_round", "_prefix_length", "_scopes", "_stirred", "_timer")

    def __init__(self, prefix: str) -> None:
        self._prefix_length = len(prefix)
        self._scopes: dict[str, _Scope] = {}
        self._stirred: list[Watch] = []
        self._next_round = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[Watch]:
        for scope in self._scopes.values():
            yield from scope.plain
            yield from scope.selective

    def add(self, watch: Watch) -> None:
        scope = self._scopes.setdefault(watch.predicate.prefix, _Scope())
        (scope.selective if watch.selective else scope.plain)[watch] = None

    def discard(self, watch: Watch) -> None:
        scope = self._scopes.get(watch.predicate.prefix)
        if scope is None:
            return
        (scope.selective if watch.selective else scope.plain).pop(watch, None)
        if not scope.plain and not scope.selective:
            del self._scopes[watch.predicate.prefix]

    def push(self, event: Event) -> None:
        """Put `event` into the buffers of the watches it concerns. They are woken by `flush`."""
        scopes = self._scopes
        if not scopes:
            return
        key = event.item.key
        # The scopes of a key: each of its parents from the cacher's prefix on, and the key itself.
        at = self._prefix_length
        while at:
            if (scope := scopes.get(key[:at])) is not None:
                self._push(scope, event)
            at = key.find("/", at) + 1
        if (scope := scopes.get(key)) is not None:
            self._push(scope, event)

    def _push(self, scope: _Scope, event: Event) -> None:
        slow: list[Watch] = []
        if scope.plain:
            plain = shown(event, "DELETED" if event.deleted else "MODIFIED" if event.previous else "ADDED")
            for watch in scope.plain:
                # This runs for every watcher of every event, so it calls nothing.
                buffer = watch.buffer
                if not buffer:
                    self._stirred.append(watch)
                elif len(buffer) >= watch.capacity:
                    slow.append(watch)
                    continue
                buffer.append(plain)
        for watch in scope.selective:
            translated = watch.translate(event)
            if translated is None:
                continue
            if not watch.buffer:
                self._stirred.append(watch)
            elif len(watch.buffer) >= watch.capacity:
                slow.append(watch)
                continue
            watch.buffer.append(translated)
        for watch in slow:
            watch.drop()

    def flush(self, timers: Timers) -> None:
        """Wake whom the pushed events concern, now or, when the last round is not long ago, a little later."""
        if not self._stirred or self._timer is not None:
            return
        now = timers.time()
        if now >= self._next_round:
            self._wake(now)
        else:
            self._timer = timers.call_at(self._next_round, self._ring, timers)

    def _ring(self, timers: Timers) -> None:
        self._timer = None
        self._wake(timers.time())

    def _wake(self, now: float) -> None:
        stirred, self._stirred = self._stirred, []
        for watch in stirred:
            watch.wake()
        self._next_round = now + min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * len(stirred))

    def close(self) -> None:
        """No further round."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
