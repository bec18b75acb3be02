"""Comprehensions: each macro's loop, with what upstream's interpreter charges for every round (cel-go
interpreter/interpretable.go evalFold, runtimecost.go).

A round of `all` costs 3 besides its predicate (the accumulator twice, the check whether to go on), of `exists` 4;
a round that adds to a list 12, of which 10 are for a list of one that is then joined, unless the item is a constant.
"""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import Call, Comprehension, Ident, ListNode, walk
from pilothouse.apimachinery.cel.callcost import LIST_COST
from pilothouse.apimachinery.cel.plan import COST, DEADLINE, LIMIT, Frame, Plan
from pilothouse.apimachinery.cel.reading import scalar_reader
from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError, TooLong, no_such_overload, shown

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.planner import Planner

#: Sets the loop variables for a round; gives (frame, value of the range) → the rounds.
Rounds = Callable[[Frame], Iterable[None]]


def comprehension(planner: "Planner", node: Comprehension) -> Plan:
    if node.shape == "bind":
        return _bind(planner, node)
    over = planner.plan(node.range)
    rounds = _rounds(planner, node, over)
    try:
        if node.shape in ("all", "exists"):
            assert isinstance(node.step, Call)
            return _quantifier(rounds, over, planner.whole(node.step.args[1]), node.shape == "all")
        predicate: Plan | None = None
        step = node.step
        assert isinstance(step, Call)
        if step.function == "_?_:_":
            predicate = planner.whole(step.args[0])
            following = step.args[1]
            assert isinstance(following, Call)
            step = following
        if node.shape == "exists_one":
            assert predicate is not None
            return _exactly_one(rounds, over, predicate)
        if node.shape == "list":
            assert isinstance(step.args[1], ListNode)
            return _collect(rounds, over, predicate, planner.whole(step.args[1].elements[0]))
        added = [planner.whole(arg) for arg in step.args[1:]]
        return _insert(rounds, over, predicate, added)
    finally:
        planner.scopes.pop()


def _bind(planner: "Planner", node: Comprehension) -> Plan:
    """A name for a value; what it costs is charged only if the name is used."""
    init = planner.plan(node.init)
    slot = planner.slot()
    planner.scopes.append({node.accumulator: (slot, node.init.type, init.type is not None)})
    result = planner.whole(node.result)
    planner.scopes.pop()
    if not any(isinstance(at, Ident) and at.name == node.accumulator for at in walk(node.result)):
        return Plan(result.step, result.cost)
    value, then = init.step, result.step

    def run(frame: Frame) -> Any:
        frame[slot] = value(frame)
        return then(frame)

    return Plan(run, init.cost + result.cost)


def _rounds(planner: "Planner", node: Comprehension, over: Plan) -> Rounds:
    """Declares the loop variables; gives what sets them, round by round, and keeps to the cost limit."""
    declared = node.range.type
    first, second = _types(declared, bool(node.variable2))
    raw = over.type is not None
    slot = planner.slot()
    scope = {node.variable: (slot, first, raw and declared.kind == t.LIST and not node.variable2)}
    slot2 = planner.slot() if node.variable2 else -1
    if node.variable2:
        scope[node.variable2] = (slot2, second, raw)
    planner.scopes.append(scope)
    item = second if node.variable2 else first
    reader = scalar_reader(item) if raw and (node.variable2 or declared.kind == t.LIST) else None
    source = over.step

    def single(frame: Frame) -> Iterable[None]:
        items = source(frame)
        if not isinstance(items, list | dict):
            raise no_such_overload()
        for value in items:
            if frame[COST] > frame[LIMIT]:
                raise CostExceeded
            if frame[DEADLINE] and perf_counter() > frame[DEADLINE]:
                raise TooLong
            frame[slot] = value if reader is None or isinstance(items, dict) else reader(value)
            yield None

    def double(frame: Frame) -> Iterable[None]:
        items = source(frame)
        if not isinstance(items, list | dict):
            raise EvaluationError(f"unsupported comprehension range type: {type(items).__name__}")
        for key, value in items.items() if isinstance(items, dict) else enumerate(items):
            if frame[COST] > frame[LIMIT]:
                raise CostExceeded
            if frame[DEADLINE] and perf_counter() > frame[DEADLINE]:
                raise TooLong
            frame[slot] = key
            frame[slot2] = value if reader is None else reader(value)
            yield None

    return double if node.variable2 else single


def _types(over: Type, two: bool) -> tuple[Type, Type]:
    if over.kind == t.LIST:
        return (t.Int, over.params[0]) if two else (over.params[0], t.Dyn)
    if over.kind == t.MAP:
        return over.params[0], over.params[1]
    return t.Dyn, t.Dyn


def _quantifier(rounds: Rounds, over: Plan, predicate: Plan, every: bool) -> Plan:
    """`all` ends at the first false, `exists` at the first true; an error is told only if nothing ends it."""
    test, cost = predicate.step, predicate.cost + (3 if every else 4)
    decisive, ending = not every, 2 if every else 3

    def run(frame: Frame) -> Any:
        error: EvaluationError | None = None
        at = iter(rounds(frame))
        for _ in at:
            frame[COST] += cost
            try:
                value = test(frame)
            except EvaluationError as err:
                error = error or err
                continue
            if value is decisive:
                if next(at, at) is None:  # there would be another round: whether to go on is checked
                    frame[COST] += ending
                return decisive
            if value is not every:
                error = error or no_such_overload()
        if error is not None:
            raise error
        return every

    return Plan(run, over.cost + 1)


def _exactly_one(rounds: Rounds, over: Plan, predicate: Plan) -> Plan:
    test, cost = predicate.step, predicate.cost

    def run(frame: Frame) -> Any:
        found = 0
        for _ in rounds(frame):
            frame[COST] += cost
            if _holds(test(frame)):
                frame[COST] += 2
                found += 1
        return found == 1

    return Plan(run, over.cost + 2)


def _holds(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise no_such_overload()


def _collect(rounds: Rounds, over: Plan, predicate: Plan | None, item: Plan) -> Plan:
    make, added = item.step, 2 + (0 if item.constant else LIST_COST + item.cost)
    if predicate is None:

        def collect(frame: Frame) -> list[Any]:
            made = []
            for _ in rounds(frame):
                frame[COST] += added
                made.append(make(frame))
            return made

        return Plan(collect, over.cost + 1)
    test, cost = predicate.step, predicate.cost

    def collect_some(frame: Frame) -> list[Any]:
        made = []
        for _ in rounds(frame):
            frame[COST] += cost
            if _holds(test(frame)):
                frame[COST] += added
                made.append(make(frame))
        return made

    return Plan(collect_some, over.cost + 1)


def _insert(rounds: Rounds, over: Plan, predicate: Plan | None, added: list[Plan]) -> Plan:
    """transformMap and transformMapEntry: `added` is a key and a value, or a map."""
    steps = [plan.step for plan in added]
    each = 2 + sum(plan.cost for plan in added)
    test, cost = (None, 0) if predicate is None else (predicate.step, predicate.cost)

    def run(frame: Frame) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for _ in rounds(frame):
            frame[COST] += cost
            if test is not None and not _holds(test(frame)):
                continue
            frame[COST] += each
            if len(steps) == 2:
                _put(made, steps[0](frame), steps[1](frame))
                continue
            entries = steps[0](frame)
            if not isinstance(entries, dict):
                raise no_such_overload()
            for key, value in entries.items():
                _put(made, key, value)
        return made

    return Plan(run, over.cost + 1)


def _put(made: dict[Any, Any], key: Any, value: Any) -> None:
    if key in made:
        raise EvaluationError(f"insert failed: key {shown(key)} already exists")
    made[key] = value


