"""Finds the live watches that an event concerns, without asking all of them.

Thousands of clients watch one object or one namespace each (every kubelet watches every Secret it uses),
so watches are kept by the scope of their predicate, and an event looks up the few scopes its key is in.
"""

from collections.abc import Iterator

from pilothouse.storage.interface import Event
from pilothouse.storage.items import shown
from pilothouse.storage.watch import Watch


class _Scope:
    __slots__ = ("plain", "selective")

    def __init__(self) -> None:
        self.plain: dict[Watch, None] = {}
        self.selective: dict[Watch, None] = {}


class Fanout:
    """The live watches of one cacher, whose keys all begin with `prefix` (which ends with a slash)."""

    __slots__ = ("_prefix_length", "_scopes")

    def __init__(self, prefix: str) -> None:
        self._prefix_length = len(prefix)
        self._scopes: dict[str, _Scope] = {}

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
        scopes = self._scopes
        if not scopes:
            return
        key = event.item.key
        # The scopes of a key: each of its parents from the cacher's prefix on, and the key itself.
        at = self._prefix_length
        while at:
            if (scope := scopes.get(key[:at])) is not None:
                _push(scope, event)
            at = key.find("/", at) + 1
        if (scope := scopes.get(key)) is not None:
            _push(scope, event)


def _push(scope: _Scope, event: Event) -> None:
    slow: list[Watch] = []
    if scope.plain:
        plain = shown(event, "DELETED" if event.deleted else "MODIFIED" if event.previous else "ADDED")
        for watch in scope.plain:
            # Watch.push without its calls: this line runs for every watcher of every event.
            buffer = watch.buffer
            if len(buffer) >= watch.capacity:
                slow.append(watch)
                continue
            buffer.append(plain)
            if watch.waiter is not None:
                watch.wake()
    for watch in scope.selective:
        translated = watch.translate(event)
        if translated is None:
            continue
        if len(watch.buffer) >= watch.capacity:
            slow.append(watch)
            continue
        watch.buffer.append(translated)
        if watch.waiter is not None:
            watch.wake()
    for watch in slow:
        watch.drop()
