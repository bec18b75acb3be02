"""Counting what runs, so that a shutdown can wait for it (upstream: apimachinery pkg/util/waitgroup)."""

import asyncio


class WaitGroup:
    """`add` is refused once somebody waits; `wait` returns when all that was added is done."""

    __slots__ = ("_idle", "closed", "count")

    def __init__(self) -> None:
        self.count = 0
        self.closed = False
        self._idle: asyncio.Event | None = None

    def add(self) -> bool:
        """True if counted; False once `wait` has begun."""
        if self.closed:
            return False
        self.count += 1
        return True

    def done(self) -> None:
        self.count -= 1
        if self.count == 0 and self._idle is not None:
            self._idle.set()

    async def wait(self) -> None:
        """Refuse newcomers and wait for the rest. Cancel to stop waiting."""
        self.closed = True
        if self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()
