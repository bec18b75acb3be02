"""Whoever waits for a revision, in the order of revisions."""

import asyncio
import heapq
from itertools import count
from typing import Final

#: How many may be in the heap before those that have gone are looked for.
_FEW: Final = 64


class Waiters:
    """A heap of futures, so that a commit looks at nobody but those it serves: clients that make up revisions can be
    many. Those that were done otherwise (cancelled, given up) are dropped when the heap has doubled."""

    __slots__ = ("_heap", "_order", "_sweep_at")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._sweep_at = _FEW

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, revision: int, waiter: "asyncio.Future[None]") -> None:
        if len(self._heap) >= self._sweep_at:
            self._heap = [entry for entry in self._heap if not entry[2].done()]
            heapq.heapify(self._heap)
            self._sweep_at = max(_FEW, 2 * len(self._heap))
        heapq.heappush(self._heap, (revision, next(self._order), waiter))

    def wake(self, revision: int) -> None:
        """Serve all who wait for `revision` or an older one."""
        heap = self._heap
        while heap and heap[0][0] <= revision:
            waiter = heapq.heappop(heap)[2]
            if not waiter.done():
                waiter.set_result(None)

    def fail(self, error: Exception) -> None:
        """No revision will come any more."""
        for _, _, waiter in self._heap:
            if not waiter.done():
                waiter.set_exception(error)
        self._heap = []
