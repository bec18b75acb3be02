"""How much work a request is (upstream: pkg/util/flowcontrol/request/width.go)."""

from __future__ import annotations

from dataclasses import dataclass, field

ESTIMATED_SECONDS = 0.003
"""How long a request is taken to run before it has (upstream: estimatedServiceDuration)."""


@dataclass(slots=True)
class Work:
    """Seats while the request runs, and seats that it keeps for `linger` seconds after it (the watchers' events)."""

    initial_seats: int = 1
    final_seats: int = 0
    linger: float = 0.0
    seats: int = field(init=False, compare=False)
    """What it takes of a level."""
    total: float = field(init=False, compare=False)
    """Seat-seconds, as far as they can be told."""

    def __post_init__(self) -> None:
        self.seats = max(self.initial_seats, self.final_seats)
        self.total = self.initial_seats * ESTIMATED_SECONDS + self.final_seats * self.linger


#: What most requests are: one seat, nothing after.
ONE_SEAT = Work()
