"""Calls: the step that runs an implementation, and charges what it cost (cel-go interpreter/planner.go,
decorators.go)."""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery.cel import arithmetic
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import Call
from pilothouse.apimachinery.cel.callcost import BY_RESULT, Measure, call_cost, traversal
from pilothouse.apimachinery.cel.declarations import Function, Implementation
from pilothouse.apimachinery.cel.libraries.standard import compile_regex
from pilothouse.apimachinery.cel.plan import Frame, Plan, Step, charge, constant
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import (
    EvaluationError,
    Optional,
    equal,
    no_such_overload,
)

_CONVERSIONS: Final = frozenset((
    "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint",
))
#: Operators whose overload is known need no look at the values.
_DIRECT: Final[dict[str, Callable[..., Any]]] = {
    "add_int64": arithmetic.add_int, "subtract_int64": arithmetic.subtract_int,
    "multiply_int64": arithmetic.multiply_int, "divide_int64": arithmetic.divide_int,
    "modulo_int64": arithmetic.modulo_int, "negate_int64": arithmetic.negate_int,
    "add_double": operator.add, "subtract_double": operator.sub, "multiply_double": operator.mul,
    "divide_double": arithmetic.divide_double, "add_string": operator.add, "logical_not": operator.not_,
    "less_int64": operator.lt, "less_equals_int64": operator.le, "greater_int64": operator.gt,
    "greater_equals_int64": operator.ge, "less_string": operator.lt, "less_equals_string": operator.le,
    "greater_string": operator.gt, "greater_equals_string": operator.ge,
}
_UNEXPECTED = (TypeError, AttributeError, ValueError, KeyError, IndexError)


def call(function: Function, node: Call, given: list[Type], plans: list[Plan], optimize: bool) -> Plan:
    """A call of a declared function with planned arguments."""
    overload = node.overloads[0] if len(node.overloads) == 1 else ""
    name = function.name
    if name in ("_==_", "_!=_"):
        return _equality(name, given, plans)
    if optimize and overload == "in_list" and plans[1].constant:
        member = _membership(plans)
        if member is not None:
            return member
    known = all(type.kind != t.DYN for type in given)
    implementation = (_DIRECT.get(overload) if known else None) or function.resolve(
        node.overloads, node.target is not None, known
    )
    if name in ("matches", "find", "findAll") and plans[1].constant:
        implementation = _constant_regex(implementation, plans[1].value, name == "matches")
    if optimize and name in _CONVERSIONS and plans[0].constant:
        return _converted(implementation, plans[0].value)
    cost = sum(plan.cost for plan in plans)
    charged = call_cost(name, overload)
    steps = [plan.step for plan in plans]
    if isinstance(charged, int):
        return Plan(_invoke(implementation, steps, name), cost + charged)
    if len(steps) == 2 and plans[1].constant and overload in ("starts_with_string", "ends_with_string"):
        return Plan(_affix(steps[0], plans[1].value, overload == "starts_with_string"), cost)
    return Plan(_measured(implementation, steps, charged, name), cost)


def _invoke(implementation: Implementation, steps: list[Step], name: str) -> Step:
    """Runs an implementation; what values of an unexpected type do to it is an error of the expression."""
    if len(steps) == 1:
        one = steps[0]

        def unary(frame: Frame) -> Any:
            value = one(frame)
            try:
                return implementation(value)
            except _UNEXPECTED:
                raise no_such_overload(name) from None

        return unary
    if len(steps) == 2:
        left, right = steps

        def binary(frame: Frame) -> Any:
            first, second = left(frame), right(frame)
            try:
                return implementation(first, second)
            except _UNEXPECTED:
                raise no_such_overload(name) from None

        return binary

    def apply(frame: Frame) -> Any:
        values = [step(frame) for step in steps]
        try:
            return implementation(*values)
        except _UNEXPECTED:
            raise no_such_overload(name) from None

    return apply


def _measured(implementation: Implementation, steps: list[Step], cost: Measure, name: str) -> Step:
    """As `_invoke`, charged by size. Calls with one or two arguments are charged even when an argument has no value."""
    gather = _attempt if len(steps) <= 2 else _values
    before = cost not in BY_RESULT

    def apply(frame: Frame) -> Any:
        values, failure = gather(frame, steps)
        result: Any = failure
        if failure is None:
            if before:
                # what costs too much is not even begun: it may take hours
                charge(frame, cost(values, None))
            try:
                result = implementation(*values)
            except _UNEXPECTED:
                result = no_such_overload(name)
            except EvaluationError as err:
                result = err
        if failure is not None or not before:
            charge(frame, cost(values, result))
        if isinstance(result, EvaluationError):
            raise result
        return result

    return apply


def _values(frame: Frame, steps: list[Step]) -> tuple[tuple[Any, ...], EvaluationError | None]:
    return tuple([step(frame) for step in steps]), None


def _attempt(frame: Frame, steps: list[Step]) -> tuple[tuple[Any, ...], EvaluationError | None]:
    """(values, the first error): an error stands in the place of the value that there is not."""
    found: list[Any] = []
    failure: EvaluationError | None = None
    for step in steps:
        try:
            found.append(step(frame))
        except EvaluationError as err:
            found.append(err)
            failure = failure or err
    return tuple(found), failure


def _affix(text: Step, affix: str, start: bool) -> Step:
    def test(frame: Frame) -> bool:
        try:
            value = text(frame)
        except EvaluationError:
            frame[0] += 1
            raise
        if not isinstance(value, str):
            raise no_such_overload()
        frame[0] += traversal(len(value))
        return value.startswith(affix) if start else value.endswith(affix)

    return test


def _converted(implementation: Implementation, value: Any) -> Plan:
    """A conversion of a constant is a constant, and no program if it fails."""
    try:
        return constant(implementation(value))
    except EvaluationError as err:
        raise CompileError(str(err)) from None


def _constant_regex(implementation: Implementation, pattern: Any, test: bool) -> Implementation:
    """A constant that is no pattern makes no program; `test` only asks whether there is a match."""
    if not isinstance(pattern, str):
        return implementation
    try:
        search = compile_regex(pattern)
    except EvaluationError as err:
        raise CompileError(str(err)) from None
    return (lambda text, _: search(text)) if test else implementation


_EXACT: Final = frozenset((t.STRING, t.INT, t.BOOL, t.BYTES, t.UINT))


def _equality(name: str, given: list[Type], plans: list[Plan]) -> Plan:
    left, right = plans[0].step, plans[1].step
    positive = name == "_==_"
    exact = given[0].kind == given[1].kind and given[0].kind in _EXACT
    same: Callable[[Any, Any], bool] = operator.eq if exact else equal
    cost = plans[0].cost + plans[1].cost
    if t.is_scalar(given[0]) and t.is_scalar(given[1]):
        return Plan(lambda frame: (same(left(frame), right(frame))) is positive, cost + 1)
    measure = call_cost(name, "equals" if positive else "not_equals")
    assert not isinstance(measure, int)

    def compare(frame: Frame) -> bool:
        try:
            values = (left(frame), right(frame))
        except EvaluationError:
            charge(frame, 1)  # the comparison with an error is charged, too
            raise
        charge(frame, measure(values, None))
        return same(*values) is positive

    return Plan(compare, cost)


def _membership(plans: list[Plan]) -> Plan | None:
    """`x in ['a', 'b']` is a look into a set, and free; None when the items cannot be in one."""
    items = plans[1].value
    if not items:
        return constant(False)
    if not all(item is None or isinstance(item, str | bool | int | float) for item in items):
        return None
    keys = frozenset(_member_key(item) for item in items)
    step = plans[0].step

    def test(frame: Frame) -> bool:
        value = step(frame)
        return isinstance(value, str | bool | int | float | None) and _member_key(value) in keys

    return Plan(test, plans[0].cost)


def _member_key(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return (bool, value)
    return math.nan if value != value else value


def optional_or(left: Plan, right: Plan, value: bool) -> Plan:
    """`a.or(b)` and `a.orValue(b)`: free, and the right side runs only when it is needed."""
    first, second, second_cost = left.step, right.step, right.cost

    def choose(frame: Frame) -> Any:
        found = first(frame)
        if not isinstance(found, Optional):
            return found
        if found.present:
            return found.value if value else found
        charge(frame, second_cost)
        return second(frame)

    return Plan(choose, left.cost)


