"""How much work a request will be, judged before it is done (upstream: pkg/util/flowcontrol/request)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.flowcontrol.work import ONE_SEAT, Work

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.flowcontrol.controller import Classification

_MAX_LIST_SEATS, _MAX_MUTATING_SEATS = 100, 10
_BYTES_PER_SEAT = 100_000
_STREAMED_BYTES = 1_000_000
"""What a list from the cache holds at most at once, since it is sent piece by piece."""
_WATCHES_PER_SEAT = 10
_EVENT_SECONDS = 0.005
_CHANGES = frozenset({"create", "update", "patch", "delete"})
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})

#: (objects, average bytes) of what is stored of a resource, None for one that stores nothing.
Stats = Callable[[str, str], "tuple[int, int] | None"]


class WorkEstimator:
    """`stats(group, resource)` and `watches` (see `WatchTracker`) say what a request is up against."""

    def __init__(self, stats: Stats, watches: WatchTracker) -> None:
        self._stats = stats
        self._watches = watches

    def estimate(self, request: Request, found: Classification) -> Work:
        info = request.context.request_info
        verb = info.verb
        if verb in ("list", "watch"):
            return self._reading(request, info, found)
        return self._changing(info, found) if verb in _CHANGES else ONE_SEAT

    def _changing(self, info: RequestInfo, found: Classification) -> Work:
        """A change is sent to whoever watches; the seats for that are kept after the answer."""
        if info.resource == "serviceaccounts" and info.subresource == "token":
            return ONE_SEAT
        count = self._watches.interested(info)
        found.flow.watches.observe(count)
        if count < _WATCHES_PER_SEAT:
            return ONE_SEAT
        seats = math.ceil(count / _WATCHES_PER_SEAT)
        taken = min(seats, found.level.max_seats or _MAX_MUTATING_SEATS, _MAX_MUTATING_SEATS)
        return Work(1, taken, seats * _EVENT_SECONDS / taken)

    def _reading(self, request: Request, info: RequestInfo, found: Classification) -> Work:
        query = dict(request.query) if request.raw_query else {}
        version = query.get("resourceVersion", "")
        if info.verb == "watch":
            initial = query.get("sendInitialEvents", "") in _TRUE
            if not initial and version not in ("", "0"):
                return ONE_SEAT
        stats = self._stats(info.api_group, info.resource)
        if stats is None:
            return ONE_SEAT
        count, size = stats
        limit = query.get("limit", "")
        if info.name:
            count = 1
        elif limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) < count:
            count = int(limit[:9])
        seats = math.ceil(min(count * size, _STREAMED_BYTES) / _BYTES_PER_SEAT)
        most = min(found.level.max_seats or _MAX_LIST_SEATS, _MAX_LIST_SEATS)
        return Work(max(1, min(seats, most)))


class WatchTracker:
    """Counts the watches that a change may concern (upstream: pkg/util/flowcontrol/watch_tracker.go)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str, str], int] = {}

    def register(self, info: RequestInfo) -> Callable[[], None]:
        """A watch begins; call what comes back when it ends."""
        key = (info.api_group, info.resource, info.namespace, info.name)
        self._counts[key] = self._counts.get(key, 0) + 1

        def forget() -> None:
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]

        return forget

    def interested(self, info: RequestInfo) -> int:
        if not self._counts:
            return 0
        of, group, resource = self._counts.get, info.api_group, info.resource
        found = of((group, resource, "", ""), 0)
        if info.namespace:
            found += of((group, resource, info.namespace, ""), 0)
        if info.name:
            found += of((group, resource, info.namespace, info.name), 0)
        return found
