"""What calls of the Kubernetes libraries may cost (apiserver pkg/cel/library/cost.go EstimateCallCost)."""

import math
from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.callcost import AUTHORIZATION_COST, LIST_COST, REGEX, STRUCT_COST, TRAVERSAL
from pilothouse.apimachinery.cel.sizes import NOTHING, ONE, UNBOUNDED, UNKNOWN, Estimate, fixed

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.cost import CallEstimate, Operand, SizeEstimator

_NOMINAL: Final = frozenset((
    "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error",
    "errored", "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast",
    "isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger", "asApproximateFloat",
    "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch", "getScheme", "getHostname",
    "getHost", "getPort", "getEscapedPath", "getQuery",
))
_OVER_LISTS: Final = frozenset(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"))
_KEEPS_SIZE: Final = frozenset(("lowerAscii", "upperAscii", "substring", "trim"))
_READS_ARGUMENT: Final = frozenset((
    "cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver",
))
_UNIT_EQUALITY: Final = frozenset((
    "net.IP", "net.CIDR", "kubernetes.Quantity", "kubernetes.authorization.Authorizer",
    "kubernetes.authorization.PathCheck", "kubernetes.authorization.GroupCheck",
    "kubernetes.authorization.ResourceCheck", "kubernetes.authorization.Decision", "kubernetes.Semver",
))
_MAX_FORMAT_SIZE = 64
_MAX_NAME_REGEX_SIZE = 128
_IP_SIZE = Estimate(4, 16)


def call_estimate(
    function: str, overload: str, target: "Operand | None", args: "list[Operand]", sizes: "SizeEstimator"
) -> "CallEstimate | None":
    """What a call costs without its arguments; None for functions that are not of these libraries."""
    from pilothouse.apimachinery.cel.cost import CallEstimate

    def size_of(operand: "Operand") -> Estimate:
        return operand.size or sizes(operand.path, operand.type) or UNKNOWN

    if overload.startswith("list"):
        found = _of_lists(overload, target, args, sizes)
        if found is not None:
            return found
    if function == "check":
        return CallEstimate(fixed(AUTHORIZATION_COST))
    if function in _NOMINAL or overload == "cidr_ip":
        return CallEstimate(ONE)
    if function == "_==_":
        return _equality(args)
    if not args and target is None:
        return None
    if args:
        first = size_of(args[0])
        if function in ("fieldSelector", "labelSelector") and len(args) == 1:
            requirements = first.scaled(0.5).scaled(float(LIST_COST + STRUCT_COST))
            return CallEstimate(fixed(LIST_COST).plus(first.scaled(TRAVERSAL)).plus(requirements))
        if function in ("url", "jsonpatch.escapeKey") and len(args) == 1:
            return CallEstimate(first.scaled(TRAVERSAL), first)
        if function in _READS_ARGUMENT:
            return CallEstimate(first.scaled(TRAVERSAL))
        if function == "ip.isCanonical":
            return CallEstimate(first.scaled(2 * TRAVERSAL))
        if function == "validate":
            return CallEstimate(first.scaled(TRAVERSAL).scaled(_MAX_NAME_REGEX_SIZE * REGEX))
        if function in ("containsIP", "containsCIDR"):
            return CallEstimate(_contains(function, overload, first))
    return None if target is None else _member(function, target, args, sizes, size_of(target))


def _of_lists(
    overload: str, target: "Operand | None", args: "list[Operand]", sizes: "SizeEstimator"
) -> "CallEstimate | None":
    """Sets and lists, by overload (cel-go ext/sets.go, ext/lists.go)."""
    from pilothouse.apimachinery.cel.cost import CallEstimate

    operands = args if target is None else [target, *args]
    first = (operands[0].size or sizes(operands[0].path, operands[0].type) or UNKNOWN) if operands else UNKNOWN

    def made(factor: float, size: Estimate) -> CallEstimate:
        return CallEstimate(size.scaled(factor).plus(fixed(1 + LIST_COST)), size)

    if overload.startswith("list_sets_"):
        second = args[1].size or sizes(args[1].path, args[1].type) or UNKNOWN
        factor = 2 if overload == "list_sets_equivalent_list" else 1
        return CallEstimate(first.times(second).scaled(factor).plus(ONE))
    if overload == "list_slice":
        length = (_literal(args[1], first.max) - _literal(args[0], 0)) % 2**64
        return made(1, fixed(length))
    if overload == "lists_range":
        return made(1, fixed(_literal(args[0], UNBOUNDED)))
    if overload == "list_reverse":
        return made(1, first)
    if overload.startswith("list_flatten"):
        return made(float(_literal(args[0], UNBOUNDED)) if args else 1.0, first)
    if overload == "list_distinct":
        return made(2.0, first.times(first))
    if overload.endswith(("_sort", "_sortByAssociatedKeys")):
        kind = overload.split("_")[1]
        size = first if target is not None and not args else args[0].size or UNKNOWN
        return made(2.0 + (TRAVERSAL if kind in ("string", "bytes") else 0), size.times(size))
    return None


def _literal(operand: "Operand", otherwise: int) -> int:
    value = operand.literal
    return max(value, 0) if type(value) is int else otherwise


def _contains(function: str, overload: str, other: Estimate) -> Estimate:
    cost = _IP_SIZE.plus(_IP_SIZE).scaled(TRAVERSAL)
    if function == "containsCIDR":
        cost = cost.plus(_IP_SIZE.scaled(TRAVERSAL)).plus(ONE)
    return cost.plus(other.scaled(TRAVERSAL)) if overload.endswith("_string") else cost


def _item(target: "Operand", sizes: "SizeEstimator") -> tuple[t.Type, Estimate] | None:
    """(type, size) of the items of a list."""
    if not target.type.params:
        return None
    item = target.type.params[0]
    path = (*target.path, "@items") if target.path else ()
    return item, sizes(path, item) or UNKNOWN


def _member(
    function: str, target: "Operand", args: "list[Operand]", sizes: "SizeEstimator", size: Estimate
) -> "CallEstimate | None":
    from pilothouse.apimachinery.cel.cost import CallEstimate

    if function in _OVER_LISTS:
        found = _item(target, sizes)
        if found is None:
            return CallEstimate(size.scaled(TRAVERSAL))
        item, item_size = found
        each = ONE.plus(item_size.scaled(TRAVERSAL)) if item.kind in (t.STRING, t.BYTES) else ONE
        return CallEstimate(size.times(each))
    if function in _KEEPS_SIZE:
        return CallEstimate(size.scaled(TRAVERSAL), size)
    if function == "replace" and len(args) >= 2:
        replaced, replacement = (arg.size or sizes(arg.path, arg.type) or UNKNOWN for arg in args[:2])
        return CallEstimate(size.scaled(2 * TRAVERSAL), _replaced(size, replaced, replacement))
    if function == "split":
        most = size.max
        if len(args) > 1 and type(args[1].literal) is int:
            most = args[1].literal % 2**64
        return CallEstimate(size.scaled(2 * TRAVERSAL), Estimate(0, most))
    if function == "join":
        found = _item(target, sizes)
        joined = size.times(found[1]) if found is not None else NOTHING
        if args:
            separator = args[0].size or sizes(args[0].path, args[0].type) or UNKNOWN
            joined = joined.plus(separator.times(Estimate(max(size.min - 1, 0), max(size.max - 1, 0))))
        return CallEstimate(joined.scaled(TRAVERSAL), joined)
    if function in ("find", "findAll") and args:
        pattern = args[0].size or sizes(args[0].path, args[0].type) or UNKNOWN
        cost = size.plus(ONE).scaled(TRAVERSAL).times(pattern.scaled(REGEX))
        return CallEstimate(cost, Estimate(0, size.max))
    return None


def _replaced(size: Estimate, replaced: Estimate, replacement: Estimate) -> Estimate:
    """The size of a text after replacements: as many as possible of the kind that make it longest, or shortest."""
    most_count = most_kept = 0
    if replaced.min == 0:
        most_count, most_kept = min(size.max + 1, UNBOUNDED), size.max
    elif replacement.max <= replaced.min:
        most_kept = size.max
    else:
        most_count = math.ceil(float(size.max) / float(replaced.min))
    least_count = least_kept = 0
    if replaced.max == 0:
        least_count, least_kept = min(size.min + 1, UNBOUNDED), size.min
    elif replaced.max <= replacement.min:
        least_kept = size.min
    else:
        least_count = math.ceil(float(size.min) / float(replaced.max))
    counts = Estimate(min(least_count, UNBOUNDED), min(most_count, UNBOUNDED))
    return counts.times(replacement).plus(Estimate(least_kept, most_kept))


def _equality(args: "list[Operand]") -> "CallEstimate | None":
    from pilothouse.apimachinery.cel.cost import CallEstimate

    if len(args) != 2 or args[0].type != args[1].type:
        return None
    name = args[0].type.name
    if name in _UNIT_EQUALITY:
        return CallEstimate(ONE)
    if name == "kubernetes.NamedFormat":
        return CallEstimate(Estimate(1, _MAX_FORMAT_SIZE).scaled(TRAVERSAL))
    if name == "kubernetes.URL":
        most = args[1].size.max if args[1].size is not None else 1
        return CallEstimate(Estimate(1, most).scaled(TRAVERSAL))
    return None
