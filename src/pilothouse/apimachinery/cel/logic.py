"""&&, || and ?: — one side that decides absorbs an error of the other (cel-go interpreter/interpretable.go)."""

from typing import Any

from pilothouse.apimachinery.cel.plan import COST, Frame, Plan, Step
from pilothouse.apimachinery.cel.values import EvaluationError, no_such_overload


def _junction(left: Plan, right: Plan, decisive: bool) -> Step:
    """&& is decided by false, || by true. What the right side costs is charged when it is run."""
    first, second, second_cost = left.step, right.step, right.cost
    neutral = not decisive

    def run(frame: Frame) -> Any:
        error: EvaluationError | None = None
        try:
            value: Any = first(frame)
            if value is decisive:
                return decisive
            if value is not neutral:
                error = no_such_overload()
        except EvaluationError as err:
            error = err
        frame[COST] += second_cost
        if error is None:
            value = second(frame)
        else:
            try:
                value = second(frame)
            except EvaluationError:
                raise error from None
        if value is decisive:
            return decisive
        if error is not None:
            raise error
        if value is not neutral:
            raise no_such_overload()
        return neutral

    return run


def conjunction(left: Plan, right: Plan) -> Plan:
    return Plan(_junction(left, right, False), left.cost)


def disjunction(left: Plan, right: Plan) -> Plan:
    return Plan(_junction(left, right, True), left.cost)


def conditional(test: Plan, then: Plan, other: Plan) -> Plan:
    """`test ? then : other`. It is an attribute without a cost of its own, as upstream plans it."""
    check, yes, no = test.step, then.step, other.step
    common = min(then.inner_cost, other.inner_cost)
    yes_cost, no_cost = then.inner_cost - common, other.inner_cost - common

    def choose(frame: Frame) -> Any:
        value = check(frame)
        if value is True:
            frame[COST] += yes_cost
            return yes(frame)
        if value is False:
            frame[COST] += no_cost
            return no(frame)
        raise no_such_overload()

    return Plan(choose, test.cost + common, own=0)


