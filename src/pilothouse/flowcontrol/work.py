"""How much work a request is (upstream: pkg/util/flowcontrol/request/width.go)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ESTIMATED_SECONDS = 0.003
"""How long a request is taken to run before it has (upstream: estimatedServiceDuration)."""

USE_BITS: Final = 24
"""How wide each of the numbers in `Work.use` is."""


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
    use: int = field(init=False, compare=False)
    """One request and its seats as one number, so that the use of a level is a sum: requests and, `USE_BITS` higher,
    seats of what is running; and twice as high, the same of what is waiting."""

    def __post_init__(self) -> None:
        self.seats = max(self.initial_seats, self.final_seats)
        self.use = self.seats << USE_BITS | 1
        self.total = self.initial_seats * ESTIMATED_SECONDS + self.final_seats * self.linger


#: What most requests are: one seat, nothing after.
ONE_SEAT = Work()
