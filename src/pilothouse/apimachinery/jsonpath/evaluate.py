"""Nodes at work on a JSON value (upstream: client-go util/jsonpath jsonpath.go, with AllowMissingKeys).

Bounded: a template that looks at more than `MOST` values fails.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery.jsonpath.nodes import (
    Array,
    Field,
    Filter,
    Identifier,
    ListNode,
    Literal,
    Node,
    Recursive,
    Union,
    Wildcard,
)
from pilothouse.apimachinery.patch.goprint import plain, type_name

MOST: Final = 10_000
_DEEPEST_RANGE: Final = 10

Values = list[Any]


class EvaluationError(ValueError):
    """A template that does not fit the data, in upstream's words."""


class Allowance:
    """How many values several evaluations may look at together."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


def evaluate(nodes: tuple[Node, ...], data: Any, allowance: Allowance | None = None) -> list[Values]:
    """The results of each top-level node. Raises EvaluationError."""
    if allowance is not None and allowance.left < 0:
        raise EvaluationError("too many values")
    return _Run(nodes, allowance or Allowance(MOST)).find(0, data)


class _Run:
    """One evaluation: counts what it looks at, and keeps track of {range} and {end}."""

    def __init__(self, nodes: tuple[Node, ...], allowance: Allowance) -> None:
        self.nodes = nodes
        self.allowance = allowance
        self.seen = 0
        self.begun = 0
        self.inside = 0
        self.ended = 0
        self.last_end = 0

    def find(self, start: int, data: Any) -> list[Values]:
        """The results of the top-level nodes from `start` on, up to the {end} of the innermost range."""
        found: list[Values] = []
        i = start
        while i < len(self.nodes):
            results = self.walk([data], self.nodes[i])
            if 0 < self.ended <= self.inside:
                self.ended -= 1
                self.last_end = i
                break
            if self.begun:
                self.begun -= 1
                self._repeat(i + 1, results, found)
                i = max(i, self.last_end)
            else:
                found.append(results)
            i += 1
        return found

    def _repeat(self, start: int, values: Values, found: list[Values]) -> None:
        self.inside += 1
        if self.inside > _DEEPEST_RANGE:
            raise EvaluationError("ranges are nested too deeply")
        for value in values:
            found += self.find(start, value)
        if not values:
            self.find(start, None)  # to find the end
        self.inside -= 1

    def walk(self, values: Values, node: Node) -> Values:
        match node:
            case ListNode(nodes):
                for inner in nodes:
                    values = self.walk(values, inner)
                return values
            case Literal(value, is_text):
                results: Values = [value] if is_text else [value] * len(values)
            case Field(name):
                results = [v[name] for v in values if v.__class__ is dict and name in v]
            case Array():
                results = _select(values, node)
            case Filter():
                results = self._filter(values, node)
            case Wildcard():
                results = [inner for v in values for inner in _parts(v)]
            case Recursive():
                results = self._descend(values)
            case Union(members):
                results = [v for member in members for v in self.walk(values, member)]
            case Identifier(name):
                results = self._identify(values, name)
        self._count(len(results) + 1)
        return results

    def _count(self, more: int) -> None:
        self.seen += more
        self.allowance.left -= more
        if self.seen > MOST or self.allowance.left < 0:
            raise EvaluationError("too many values")

    def _identify(self, values: Values, name: str) -> Values:
        if name == "range":
            self.begun += 1
            return values
        if name != "end":
            raise EvaluationError(f"unrecognized identifier {name}")
        if not self.inside:
            raise EvaluationError("not in range, nothing to end")
        self.ended += 1
        return []

    def _descend(self, values: Values) -> Values:
        """Everything that has parts, the outer ones first."""
        results: Values = []
        stack = values[::-1]
        while stack:
            value = stack.pop()
            if parts := _parts(value):
                self._count(len(parts))
                results.append(value)
                stack.extend(reversed(parts))
        return results

    def _filter(self, values: Values, node: Filter) -> Values:
        results = []
        for value in values:
            if value.__class__ is not list:
                shown = type_name(value) if value.__class__ is dict else plain(value)
                raise EvaluationError(f"{shown} is not array or slice and cannot be filtered")
            results += [item for item in value if self._passes(item, node)]
        return results

    def _passes(self, item: Any, node: Filter) -> bool:
        if node.operator == "exists":
            try:
                return bool(self.walk([item], node.left))
            except EvaluationError:
                self._count(1)
                return False
        sides = []
        for side in (node.left, node.right):
            found = self.walk([item], side)
            if not found:
                return False
            if len(found) > 1:
                raise EvaluationError("can only compare one element at a time")
            sides.append(found[0])
        compare = _OPERATORS.get(node.operator)
        if compare is None:
            raise EvaluationError(f"unrecognized filter operator {node.operator}")
        return _compare(compare, *sides)


def _parts(value: Any) -> Values:
    """What a wildcard stands for. Texts have bytes, as in Go."""
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case str():
            # no more than may be looked at
            return list(value[: MOST + 1].encode(errors="replace"))
    return []


def _select(values: Values, node: Array) -> Values:
    results: Values = []
    for value in values:
        if value is None:
            continue
        if value.__class__ is not list:
            raise EvaluationError(f"{type_name(value)} is not array or slice")
        length = len(value)
        start = node.start.value or 0
        if start < 0:
            start += length
        end = length if node.end.value is None else node.end.value
        if end < 0 or (end == 0 and node.end.derived):
            end += length
        if start == end:
            return results  # upstream looks no further here
        if not 0 <= start < length:
            raise EvaluationError(f"array index out of bounds: index {start}, length {length}")
        if not 0 <= end <= length:
            raise EvaluationError(f"array index out of bounds: index {end - 1}, length {length}")
        if start > end:
            raise EvaluationError(f"starting index {start} is greater than ending index {end}")
        step = 1 if node.step.value is None else node.step.value
        if step <= 0:
            raise EvaluationError("step must be > 0")
        results += value[start:end:step]
    return results


_Compare = Callable[[Any, Any], bool]
_OPERATORS: Final[dict[str, _Compare]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}
_COMPARABLE: Final = (bool, int, float, str)
_ORDERED: Final = (int, float, str)


def _compare(compare: _Compare, left: Any, right: Any) -> bool:
    """Go's text/template comparisons: of equal basic types only, and bools have no order."""
    kinds = _COMPARABLE if compare in (operator.eq, operator.ne) else _ORDERED
    if left.__class__ not in _COMPARABLE or right.__class__ not in _COMPARABLE:
        raise EvaluationError("invalid type for comparison")
    if left.__class__ is not right.__class__:
        raise EvaluationError("incompatible types for comparison")
    if left.__class__ not in kinds:
        raise EvaluationError("invalid type for comparison")
    return compare(left, right)
