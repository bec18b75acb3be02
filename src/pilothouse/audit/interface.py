"""Where audit events go (upstream: k8s.io/apiserver pkg/audit/types.go)."""

from __future__ import annotations

from asyncio import Future
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

#: What requests have to wait for: futures that say whether they may go on. Empty where nobody has to wait.
Writing = Sequence[Future[bool]]


class Sink(Protocol):
    """Takes events. One whose events are to be waited for makes the requests wait that they are about."""

    def process(self, events: Sequence[Event]) -> Writing:
        """Takes the events at once, in their order; that they get written does not depend on anybody's waiting.

        Never raises: a failure is logged and counted by whoever sees it.
        """
        ...


class Backend(Sink, Protocol):
    """A sink that runs: `start` on the loop before the first event; `stop` writes what is still held."""

    name: str
    strict: bool
    """Whether a request must not be served whose first event was not written."""
    ordered: bool
    """Whether events stay in order though nobody waits for the first before there is a second."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...
