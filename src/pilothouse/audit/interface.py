"""Where audit events go (upstream: k8s.io/apiserver pkg/audit/types.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pilothouse.audit.event import Event


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
