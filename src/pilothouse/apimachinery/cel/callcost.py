"""What calls cost while they run (cel-go interpreter/runtimecost.go; apiserver pkg/cel/library/cost.go CallCost).

A cost is a number, or a function of the arguments (receiver first) and the result where it depends on their sizes.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery.cel.values import size

#: (arguments, result) → cost
Measure = Callable[[tuple[Any, ...], Any], int]

TRAVERSAL: Final = 0.1
REGEX: Final = 0.25
LIST_COST: Final = 10
MAP_COST: Final = 30
STRUCT_COST: Final = 40
#: Enough that one expression may ask twice.
AUTHORIZATION_COST: Final = 350_000
SORTED_KINDS: Final = (
    "int", "uint", "double", "bool", "google.protobuf.Duration", "google.protobuf.Timestamp", "string", "bytes",
)
_SHORT: Final = tuple(math.ceil(n * TRAVERSAL) for n in range(2048))


def traversal(length: int) -> int:
    """Reading a text of this length once."""
    return _SHORT[length] if length < 2048 else math.ceil(length * TRAVERSAL)


def _first(args: tuple[Any, ...], result: Any) -> int:
    return traversal(size(args[0]))


def _first_twice(args: tuple[Any, ...], result: Any) -> int:
    return math.ceil(size(args[0]) * 2 * TRAVERSAL)


def _result_twice(args: tuple[Any, ...], result: Any) -> int:
    return math.ceil(size(result) * 2 * TRAVERSAL)


def _smaller(args: tuple[Any, ...], result: Any) -> int:
    return traversal(min(size(args[0]), size(args[1])))


def _both(args: tuple[Any, ...], result: Any) -> int:
    return traversal(size(args[0]) + size(args[1]))


def _regex(args: tuple[Any, ...], result: Any) -> int:
    return math.ceil((1.0 + size(args[0])) * TRAVERSAL) * math.ceil(size(args[1]) * REGEX)


def _contains(args: tuple[Any, ...], result: Any) -> int:
    return traversal(size(args[0])) * traversal(size(args[1]))


def _in_list(args: tuple[Any, ...], result: Any) -> int:
    return size(args[1])


def _whole(args: tuple[Any, ...], result: Any) -> int:
    return _tree(args[0])


def _tree(value: Any) -> int:
    if isinstance(value, str):
        return int(len(value.encode("utf-8", "surrogatepass")) * TRAVERSAL)
    if isinstance(value, bytes):
        return int(len(value) * TRAVERSAL)
    if isinstance(value, list):
        return sum(map(_tree, value))
    if isinstance(value, dict):
        return sum(_tree(k) + _tree(v) for k, v in value.items())
    return 1


def selector_cost(length: int) -> int:
    """Parsing a label or field selector of this length."""
    requirements = math.ceil(length * 0.5)
    return LIST_COST + math.ceil(length * TRAVERSAL) + math.ceil(requirements * float(LIST_COST + STRUCT_COST))


def _selector(args: tuple[Any, ...], result: Any) -> int:
    return selector_cost(size(args[1]))


def _contains_ip(args: tuple[Any, ...], result: Any) -> int:
    cost = math.ceil(2 * size(args[0]) * TRAVERSAL)
    return cost + traversal(size(args[1])) if isinstance(args[1], str) else cost


def _contains_cidr(args: tuple[Any, ...], result: Any) -> int:
    cost = math.ceil(2 * size(args[0]) * TRAVERSAL) + traversal(size(args[0])) + 1
    return cost + traversal(size(args[1])) if isinstance(args[1], str) else cost


def _validate(args: tuple[Any, ...], result: Any) -> int:
    pattern = getattr(args[0], "max_regex_size", None)
    if not isinstance(pattern, int):
        return 1
    return math.ceil((1.0 + size(args[1])) * TRAVERSAL) * math.ceil(pattern * REGEX)


def _equality(args: tuple[Any, ...], result: Any) -> int:
    if getattr(type(args[0]), "unit_equality", False):
        return 1
    return traversal(min(size(args[0]), size(args[1])))


def _set_pairs(factor: int) -> Measure:
    return lambda args, result: 1 + size(args[0]) * size(args[1]) * factor


def _made_list(args: tuple[Any, ...], result: Any) -> int:
    return size(result) + 1 + LIST_COST


def _flattened(args: tuple[Any, ...], result: Any) -> int:
    depth = float(args[1]) if len(args) == 2 and isinstance(args[1], int) else 1.0
    return int(size(args[0]) * depth) + 1 + LIST_COST


def _self_compared(which: int) -> Measure:
    """Sorting, and finding what is distinct: every item with every other."""

    def cost(args: tuple[Any, ...], result: Any) -> int:
        items = args[which] if isinstance(args[which], list) else []
        factor = 2.0 + (TRAVERSAL if items and isinstance(items[0], str | bytes) else 0.0)
        return int(len(items) ** 2 * factor) + 1 + LIST_COST

    return cost


def _of_lists() -> dict[str, int | Measure]:
    """By overload (cel-go ext/sets.go, ext/lists.go)."""
    costs: dict[str, int | Measure] = {
        "list_sets_contains_list": _set_pairs(1), "list_sets_intersects_list": _set_pairs(1),
        "list_sets_equivalent_list": _set_pairs(2), "list_slice": _made_list, "lists_range": _made_list,
        "list_reverse": _made_list, "list_flatten": _flattened, "list_flatten_int": _flattened,
        "list_distinct": _self_compared(0),
    }
    for kind in SORTED_KINDS:
        costs[f"list_{kind}_sort"] = _self_compared(0)
        costs[f"list_{kind}_sortByAssociatedKeys"] = _self_compared(1)
    return costs


#: What is only known afterwards; all else is known from the arguments.
BY_RESULT: Final = frozenset((_result_twice, _made_list))


def _by_name() -> dict[str, int | Measure]:
    one = (
        "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason",
        "error", "errored", "masked", "prefixLength", "family", "isUnspecified", "isLoopback",
        "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign", "asInteger",
        "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major",
        "minor", "patch", "getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery",
    )
    costs: dict[str, int | Measure] = dict.fromkeys(one, 1)
    costs["check"] = AUTHORIZATION_COST
    groups: tuple[tuple[Measure, tuple[str, ...]], ...] = (
        (_selector, ("fieldSelector", "labelSelector")),
        (_whole, ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf")),
        (_first, (
            "url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR",
            "ip", "quantity", "isQuantity", "semver", "isSemver",
        )),
        (_first_twice, ("replace", "split", "ip.isCanonical")),
        (_result_twice, ("join",)),
        (_regex, ("find", "findAll")),
        (_contains_ip, ("containsIP",)),
        (_contains_cidr, ("containsCIDR",)),
        (_validate, ("validate",)),
        (_equality, ("_==_",)),
    )
    for measure, names in groups:
        costs.update(dict.fromkeys(names, measure))
    return costs


def _by_overload() -> dict[str, int | Measure]:
    costs: dict[str, int | Measure] = {"in_list": _in_list, "contains_string": _contains, "not_equals": _smaller}
    for id in ("starts_with_string", "ends_with_string", "string_to_bytes", "bytes_to_string", "strings_quote",
               "string_format"):
        costs[id] = _first
    for name in ("less", "less_equals", "greater", "greater_equals"):
        for kind in ("string", "bytes"):
            costs[f"{name}_{kind}"] = _smaller
    for id in ("add_string", "add_bytes"):
        costs[id] = _both
    costs["matches_string"] = _regex
    return costs


_BY_NAME: Final = _by_name()
_BY_OVERLOAD: Final = _by_overload()
_OF_LISTS: Final = _of_lists()


def call_cost(function: str, overload: str) -> int | Measure:
    """`overload` is "" when several may be meant."""
    if overload == "cidr_ip":
        return 1
    if overload in _OF_LISTS:
        return _OF_LISTS[overload]
    if function in _BY_NAME:
        return _BY_NAME[function]
    return _BY_OVERLOAD.get(overload, 1)
