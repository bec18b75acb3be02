"""Where audit events go (upstream: k8s.io/apiserver pkg/audit/types.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pilothouse.audit.event import Event

#: Whether requests wait for their events, and whether they fail with them.
BATCH: Final = "batch"
BLOCKING: Final = "blocking"
BLOCKING_STRICT: Final = "blocking-strict"
MODES: Final = (BATCH, BLOCKING, BLOCKING_STRICT)
#: How the log backend writes events.
FORMATS: Final = ("legacy", "json")


class Sink(Protocol):
    """Takes events. One that waits until they are written makes the requests wait that they are about."""

    async def process(self, events: Sequence[Event]) -> bool:
        """Whether the events were taken. Never raises: a failure is logged and counted by whoever sees it."""
        ...


class Backend(Sink, Protocol):
    """A sink that runs: `start` on the loop before the first event; `stop` writes what is still held."""

    name: str

    def start(self) -> None: ...

    async def stop(self) -> None: ...
