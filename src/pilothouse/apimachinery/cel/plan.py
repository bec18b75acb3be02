"""Steps of a program: closures over a frame, and what each costs (cel-go interpreter/planner.go, runtimecost.go).

A frame is a list: the cost so far, its limit, a deadline, then the variables and the loop variables. Costs that are
known when a program is planned are added up over each block that is run as a whole, and charged where the block begins:
what exceeds the limit is then told sooner than upstream tells it, and never otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import CostExceeded

Frame = list[Any]
Step = Callable[[Frame], Any]

COST: Final = 0
LIMIT: Final = 1
DEADLINE: Final = 2
"""When (perf_counter) loops of what must not take long give up with TooLong; 0 for never."""
FIRST_VARIABLE: Final = 3


@dataclass(slots=True)
class Plan:
    """One planned expression. `cost` is what running it costs at least; the step itself charges the rest.

    `type` is set while the value is as it stands in an object, of a type whose values are then still to be read (a
    date-time that is a string). `own` is what an attribute (a variable with selections) costs beyond its selections:
    upstream does not charge it for branches and indices. It is None for what is no attribute.
    """

    step: Step
    cost: int = 0
    type: Type | None = None
    own: int | None = None
    constant: bool = False

    @property
    def value(self) -> Any:
        """Of a constant."""
        return self.step([])

    @property
    def inner_cost(self) -> int:
        """The cost as a branch of a condition or as an index."""
        return self.cost - (self.own or 0)


def constant(value: Any) -> Plan:
    return Plan(lambda frame: value, constant=True)


def charge(frame: Frame, cost: int) -> None:
    """Adds to the cost, and ends the program at its limit."""
    frame[COST] += cost
    if frame[COST] > frame[LIMIT]:
        raise CostExceeded
