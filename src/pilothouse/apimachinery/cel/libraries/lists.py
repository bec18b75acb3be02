"""Functions on lists (apiserver pkg/cel/library/lists.go; cel-go ext/lists.go version 3, ext/sets.go)."""

from collections.abc import Callable
from functools import cmp_to_key
from itertools import pairwise
from typing import Any, Final

from pilothouse.apimachinery.cel.ast import Call, Comprehension, Ident, ListNode, Literal, MapNode, Node, StructNode
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.macros import Expander, MacroError, map_
from pilothouse.apimachinery.cel.values import (
    CostExceeded,
    Duration,
    EvaluationError,
    UInt,
    compare,
    equal,
    no_such_overload,
    type_of,
)

_COMPARABLE = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
_RUNTIME_NAMES = {"duration": "google.protobuf.Duration", "timestamp": "google.protobuf.Timestamp"}
_ZERO: Final[dict[str, Any]] = {
    "int": 0, "uint": UInt(0), "double": 0.0, "duration": Duration(0),
}
#: What a list costs is only known when it is made: one of more items is not.
_MOST_ITEMS = 1_000_000


def is_sorted(values: list[Any]) -> bool:
    return all(compare(a, b) <= 0 for a, b in pairwise(values))


def _sum(zero: Any) -> Callable[[list[Any]], Any]:
    from pilothouse.apimachinery.cel.arithmetic import add

    def total(values: list[Any]) -> Any:
        found = zero
        for value in values:
            found = add(found, float(value) if isinstance(zero, float) and type(value) is int else value)
        return found

    return total


def _extreme(name: str, worse: int) -> Callable[[list[Any]], Any]:
    def pick(values: list[Any]) -> Any:
        if not values:
            raise EvaluationError(f"{name} called on empty list")
        found = values[0]
        for value in values[1:]:
            if compare(found, value) == worse:
                found = value
        return found

    return pick


def _index_of(values: list[Any], item: Any) -> int:
    return next((i for i, value in enumerate(values) if equal(value, item)), -1)


def _last_index_of(values: list[Any], item: Any) -> int:
    return next((i for i in range(len(values) - 1, -1, -1) if equal(values[i], item)), -1)


def kubernetes_lists() -> Library:
    made = Library()
    made.add("isSorted", {
        f"list_{kind}_is_sorted_bool": (f"list({kind}).() bool", is_sorted) for kind in _COMPARABLE
    })
    made.add("sum", {f"list_{kind}_sum_{kind}": (f"list({kind}).() {kind}", _sum(_ZERO[kind])) for kind in _ZERO})
    for name, worse in (("max", -1), ("min", 1)):
        pick = _extreme(name, worse)
        made.add(name, {f"list_{kind}_{name}_{kind}": (f"list({kind}).() {kind}", pick) for kind in _COMPARABLE})
    made.add("indexOf", {"list_a_index_of_int": ("list(A).(A) int", _index_of)})
    made.add("lastIndexOf", {"list_a_last_index_of_int": ("list(A).(A) int", _last_index_of)})
    return made


def _slice(values: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(values) < end:
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(values)}")
    return values[start:end]


def _flatten(values: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list) and depth > 0:
            flat.extend(_flatten(value, depth - 1))
        else:
            flat.append(value)
    return flat


def _sort(values: list[Any]) -> list[Any]:
    return _sort_by(values, values)


def _sort_by(values: list[Any], keys: list[Any]) -> list[Any]:
    if len(values) != len(keys):
        raise EvaluationError(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got "
            f"{len(values)} and {len(keys)} elements respectively"
        )
    if any(type_of(key) != type_of(keys[0]) for key in keys):
        raise EvaluationError("list elements must have the same type")
    by_key = cmp_to_key(compare)
    order = sorted(range(len(keys)), key=lambda i: by_key(keys[i]))
    return [values[i] for i in order]


def _range(count: int) -> list[int]:
    if count > _MOST_ITEMS:
        raise CostExceeded  # it would cost more than any program may
    return list(range(count))


def _distinct(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    seen: set[Any] = set()
    for value in values:
        if isinstance(value, str):
            if value not in seen:
                seen.add(value)
                found.append(value)
        elif not any(equal(value, other) for other in found):
            found.append(value)
    return found


def extended_lists() -> Library:
    made = Library()
    made.add("slice", {"list_slice": ("list(T).(int, int) list(T)", _slice)})
    made.add("flatten", {
        "list_flatten": ("list(list(T)).() list(T)", _flatten),
        "list_flatten_int": ("list(dyn).(int) list(dyn)", _flatten),
    })
    named = {_RUNTIME_NAMES.get(kind, kind): kind for kind in _COMPARABLE}
    made.add("sort", {
        f"list_{name}_sort": (f"list({kind}).() list({kind})", _sort) for name, kind in named.items()
    }, _sort)
    made.add("@sortByAssociatedKeys", {
        f"list_{name}_sortByAssociatedKeys": (f"list(T).(list({kind})) list(T)", _sort_by)
        for name, kind in named.items()
    }, _sort_by)
    made.add("lists.range", {"lists_range": ("(int) list(int)", _range)})
    made.add("reverse", {"list_reverse": ("list(T).() list(T)", lambda values: values[::-1])})
    made.add("distinct", {"list_distinct": ("list(T).() list(T)", _distinct)})
    return made


def _sort_by_macro(at: int, target: Node | None, args: list[Node]) -> Node:
    assert target is not None
    name = "@__sortBy_input__"
    if isinstance(target, Literal | MapNode | StructNode):
        raise MacroError(
            target.offset,
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
        )
    keys = map_(at, Ident(at, name), args)
    call = Call(at, "@sortByAssociatedKeys", [keys], Ident(at, name))
    return Comprehension(
        at, "bind", ListNode(at, []), ("#unused", ""), name, target, Literal(at, False), Ident(at, name), call
    )


MACROS: Final[dict[tuple[str, int, bool], Expander]] = {("sortBy", 2, True): _sort_by_macro}


def _contains(values: list[Any], part: list[Any]) -> bool:
    return all(any(equal(item, value) for value in values) for item in part)


def _insert(made: dict[Any, Any], *added: Any) -> dict[Any, Any]:
    raise no_such_overload("cel.@mapInsert")  # planned as part of its loop


def sets() -> Library:
    made = Library()
    made.add("sets.contains", {"list_sets_contains_list": ("(list(T), list(T)) bool", _contains)})
    made.add("sets.equivalent", {
        "list_sets_equivalent_list": ("(list(T), list(T)) bool", lambda a, b: _contains(a, b) and _contains(b, a)),
    })
    made.add("sets.intersects", {
        "list_sets_intersects_list": (
            "(list(T), list(T)) bool", lambda a, b: any(equal(x, y) for x in a for y in b)
        ),
    })
    return made


def two_variable_comprehensions() -> Library:
    made = Library()
    made.add("cel.@mapInsert", {
        "@mapInsert_map_key_value": ("(map(K, V), K, V) map(K, V)", _insert),
        "@mapInsert_map_map": ("(map(K, V), map(K, V)) map(K, V)", _insert),
    })
    return made
