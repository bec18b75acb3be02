"""What an expression may cost, before it runs (cel-go checker/cost.go).

The estimator walks the tree once. It follows where values come from (`path`: a variable, then field names, `@items`,
`@keys`, `@values`), so that a `SizeEstimator` can say how large they may be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import (
    Call,
    Comprehension,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    StructNode,
)
from pilothouse.apimachinery.cel.callcost import LIST_COST, MAP_COST, REGEX, STRUCT_COST, TRAVERSAL
from pilothouse.apimachinery.cel.librarycost import call_estimate
from pilothouse.apimachinery.cel.macros import ACCUMULATOR
from pilothouse.apimachinery.cel.recursion import Levels
from pilothouse.apimachinery.cel.sizes import NOTHING, ONE, UNBOUNDED, UNKNOWN, Estimate, fixed
from pilothouse.apimachinery.cel.types import Type

Path = tuple[str, ...]
#: (path, type) → the size of such values, or None when it is not known.
SizeEstimator = Callable[[Path, Type], Estimate | None]


@dataclass(frozen=True, slots=True)
class Operand:
    """What is known about an argument of a call."""

    path: Path
    type: Type
    size: Estimate | None
    literal: object = None


@dataclass(frozen=True, slots=True)
class _Entries:
    """Sizes of the keys and the values in a list or a map."""

    kind: str
    key: Estimate
    value: Estimate


@dataclass(frozen=True, slots=True)
class _Local:
    path: Path
    size: Estimate | None
    entries: _Entries | None


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What a call costs without its arguments, and the size of what it gives."""

    cost: Estimate
    size: Estimate | None = None


def estimate(root: Node, sizes: SizeEstimator | None = None) -> Estimate:
    return _Coster(sizes or (lambda path, type: None)).cost(root)


class _Coster:
    def __init__(self, sizes: SizeEstimator) -> None:
        self.sizes = sizes
        self.paths: dict[int, Path] = {}
        self.known: dict[int, Estimate] = {}
        self.entries: dict[int, _Entries] = {}
        self.locals: dict[str, list[_Local]] = {}
        self._levels = Levels()

    def cost(self, node: Node) -> Estimate:
        if isinstance(node, Ident):
            local = self.local(node.name)
            self.paths[id(node)] = local.path if local is not None else (node.name,)
            return ONE
        return NOTHING if isinstance(node, Literal) else self._levels.call(self._compound, node)

    def _compound(self, node: Node) -> Estimate:
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListNode):
            return self._list(node)
        if isinstance(node, MapNode):
            return self._map(node)
        if isinstance(node, StructNode):
            total = fixed(STRUCT_COST)
            for entry in node.fields:
                total = total.plus(self.cost(entry.value))
            return total
        if isinstance(node, Comprehension):
            return self._bind(node) if node.shape == "bind" else self._loop(node)
        return NOTHING

    # What is known of nodes

    def local(self, name: str) -> _Local | None:
        stack = self.locals.get(name)
        return stack[-1] if stack else None

    def path(self, node: Node) -> Path:
        if isinstance(node, Ident) and (local := self.local(node.name)) is not None:
            return local.path
        return self.paths.get(id(node), ())

    def size(self, node: Node) -> Estimate | None:
        found = self.known.get(id(node))
        if found is not None:
            return found
        found = _literal_size(node)
        if found is not None:
            return found
        found = self.sizes(self.path(node), node.type)
        if found is not None:
            self.known[id(node)] = found
            return found
        if t.is_scalar(node.type):
            return ONE
        if isinstance(node, Ident) and (local := self.local(node.name)) is not None:
            return local.size
        return None

    def size_or_unknown(self, node: Node) -> Estimate:
        return self.size(node) or UNKNOWN

    def entry_sizes(self, node: Node) -> _Entries | None:
        found = self.entries.get(id(node))
        if found is None and isinstance(node, Ident) and (local := self.local(node.name)) is not None:
            return local.entries
        return found

    def operand(self, node: Node) -> Operand:
        path = self.path(node)
        if path and path[0] in (ACCUMULATOR, "__result__"):
            path = ()
        return Operand(path, node.type, self.size(node), node.value if isinstance(node, Literal) else None)

    def copy_sizes(self, to: Node, source: Node) -> None:
        size, entries = self.size(source), self.entry_sizes(source)
        if size is not None:
            self.known[id(to)] = size
        if entries is not None:
            self.entries[id(to)] = entries

    # Nodes

    def _select(self, node: Select) -> Estimate:
        if node.reference is not None:
            self.paths[id(node)] = (node.reference,)
            return ONE
        total = self.cost(node.operand)
        if node.test_only:
            return total
        self.paths[id(node)] = (*self.path(node.operand), node.field)
        return total.plus(ONE) if node.operand.type.kind in (t.MAP, t.STRUCT, t.PARAM) else total

    def _list(self, node: ListNode) -> Estimate:
        total, item = fixed(LIST_COST), Estimate(UNBOUNDED if node.elements else 0, 0)
        for element in node.elements:
            total = total.plus(self.cost(element))
            item = item.union(self.size_or_unknown(element))
        self.entries[id(node)] = _Entries(t.LIST, ONE, item)
        return total

    def _map(self, node: MapNode) -> Estimate:
        total = fixed(MAP_COST)
        key = value = Estimate(UNBOUNDED if node.entries else 0, 0)
        for entry in node.entries:
            total = total.plus(self.cost(entry.key)).plus(self.cost(entry.value))
            key = key.union(self.size_or_unknown(entry.key))
            value = value.union(self.size_or_unknown(entry.value))
        self.entries[id(node)] = _Entries(t.MAP, key, value)
        return total

    def _push(self, name: str, local: _Local) -> None:
        self.locals.setdefault(name, []).append(local)

    def _push_loop_variables(self, node: Comprehension) -> None:
        entries, path = self.entry_sizes(node.range), self.path(node.range)
        kind = entries.kind if entries is not None else node.range.type.kind
        key = entries.key if entries is not None else None
        value = entries.value if entries is not None else None
        is_list = kind == t.LIST
        if node.variable2:
            self._push(node.variable, _Local((*path, "@indices" if is_list else "@keys"), key, None))
            self._push(node.variable2, _Local((*path, "@items" if is_list else "@values"), value, None))
        elif is_list:
            self._push(node.variable, _Local((*path, "@items"), value, None))
        else:
            self._push(node.variable, _Local((*path, "@keys"), key, None))

    def _loop(self, node: Comprehension) -> Estimate:
        total = self.cost(node.range).plus(self.cost(node.init))
        init = _Local(self.path(node.init), self.size(node.init), self.entry_sizes(node.init))
        self._push(node.accumulator, init)
        self._push_loop_variables(node)
        each = self.cost(node.condition)
        each = self.cost(node.step).plus(each)
        self.locals[node.variable].pop()
        if node.variable2:
            self.locals[node.variable2].pop()
        total = total.plus(self.cost(node.result))
        self.locals[node.accumulator].pop()
        count = self.size_or_unknown(node.range)
        total = total.plus(count.times(each))
        if isinstance(node.init, Literal):
            size = self.size(node.init)
            if size is not None:
                self.known[id(node)] = size
        elif isinstance(node.init, ListNode | MapNode):
            self.known[id(node)] = count
            entries = self.entry_sizes(node.step)
            if entries is not None:
                self.entries[id(node)] = entries
        return total

    def _bind(self, node: Comprehension) -> Estimate:
        total = self.cost(node.range).plus(self.cost(node.init))
        init = _Local(self.path(node.init), self.size(node.init), self.entry_sizes(node.init))
        self._push(node.accumulator, init)
        total = total.plus(self.cost(node.result))
        self.locals[node.accumulator].pop()
        self.copy_sizes(node, node.result)
        return total

    # Calls

    def _call(self, node: Call) -> Estimate:
        if node.function == "dyn":
            total = ONE.plus(self.cost(node.args[0]))
            self.copy_sizes(node, node.args[0])
            return total
        costs = [self.cost(arg) for arg in node.args]
        args = [self.operand(arg) for arg in node.args]
        if not node.overloads:
            return NOTHING
        total = NOTHING
        target: Operand | None = None
        if node.target is not None:
            total = self.cost(node.target)
            target = self.operand(node.target)
        own, size = Estimate(UNBOUNDED, 0), None
        for overload in node.overloads:
            found = self._overload(node, overload, target, args, costs)
            own = own.union(found.cost)
            if found.size is not None:
                size = found.size if size is None else size.union(found.size)
            if overload in ("index_list", "index_map"):
                entries = self.entry_sizes(node.args[0])
                size = entries.value if entries is not None else None
                step = "@items" if overload == "index_list" else "@values"
                self.paths[id(node)] = (*self.path(node.args[0]), step)
            if size is None:
                size = self.size(node)
        if size is not None:
            self.known[id(node)] = size
        return total.plus(own)

    def _overload(
        self, node: Call, overload: str, target: Operand | None, args: list[Operand], costs: list[Estimate]
    ) -> CallEstimate:
        spent = NOTHING
        for cost in costs:
            spent = spent.plus(cost)
        library = call_estimate(node.function, overload, target, args, self.sizes)
        if library is not None:
            return CallEstimate(library.cost.plus(spent), library.size)
        if overload in ("logical_or", "logical_and"):
            return CallEstimate(Estimate(costs[0].min, costs[0].plus(costs[1]).max))
        if overload == "conditional":
            return self._conditional(node, args, costs)
        if overload in ("add_string", "add_bytes", "add_list"):
            return self._sum(node, overload, args, spent)
        found = _standard(overload, target, args)
        return CallEstimate((ONE if found is None else found.cost).plus(spent), found.size if found else None)

    def _conditional(self, node: Call, args: list[Operand], costs: list[Estimate]) -> CallEstimate:
        left, right = self.entry_sizes(node.args[1]), self.entry_sizes(node.args[2])
        if left is not None and right is not None:
            self.entries[id(node)] = _union(left, right)
        size = (args[1].size or UNKNOWN).union(args[2].size or UNKNOWN)
        return CallEstimate(costs[0].plus(costs[1].union(costs[2])), size)

    def _sum(self, node: Call, overload: str, args: list[Operand], spent: Estimate) -> CallEstimate:
        left, right = self.entry_sizes(node.args[0]), self.entry_sizes(node.args[1])
        if left is not None and right is not None:
            self.entries[id(node)] = _union(left, right)
        size = (args[0].size or UNKNOWN).plus(args[1].size or UNKNOWN)
        return CallEstimate((ONE if overload == "add_list" else size.scaled(TRAVERSAL)).plus(spent), size)


def _union(a: _Entries, b: _Entries) -> _Entries:
    return _Entries(a.kind, a.key.union(b.key), a.value.union(b.value))


def _literal_size(node: Node) -> Estimate | None:
    if isinstance(node, Literal):
        return fixed(len(node.value) if isinstance(node.value, str | bytes) else 1)
    if isinstance(node, ListNode):
        return fixed(len(node.elements))
    if isinstance(node, MapNode):
        return fixed(len(node.entries))
    return None


_COMPARED: Final = frozenset((
    *(f"{name}_{kind}" for name in ("less", "less_equals", "greater", "greater_equals")
      for kind in ("string", "bytes")),
    "equals", "not_equals",
))


def _standard(overload: str, target: Operand | None, args: list[Operand]) -> CallEstimate | None:
    """What functions of the standard library cost; None for one."""
    sizes = [arg.size or UNKNOWN for arg in args]
    own = UNKNOWN if target is None else target.size or UNKNOWN
    if overload == "string_format":
        return CallEstimate(own.scaled(TRAVERSAL))
    if overload in ("string_to_bytes", "bytes_to_string", "strings_quote"):
        size = {
            "string_to_bytes": Estimate(sizes[0].min, sizes[0].max * 4 % 2**64),
            "bytes_to_string": Estimate(sizes[0].min // 4, sizes[0].max),
            "strings_quote": Estimate(sizes[0].min + 2, (sizes[0].max * 2 + 2) % 2**64),
        }[overload]
        return CallEstimate(sizes[0].scaled(TRAVERSAL), size)
    if overload in ("starts_with_string", "ends_with_string"):
        return CallEstimate(sizes[0].scaled(TRAVERSAL))
    if overload == "in_list":
        return CallEstimate(sizes[1].scaled(1))
    if overload == "matches_string":
        return CallEstimate(own.plus(ONE).scaled(TRAVERSAL).times(sizes[0].scaled(REGEX)))
    if overload == "contains_string":
        return CallEstimate(own.scaled(TRAVERSAL).times(sizes[0].scaled(TRAVERSAL)))
    if overload in _COMPARED:
        most = min(sizes[0].max, sizes[1].max)
        return CallEstimate(Estimate(1 if most > 0 else 0, most).scaled(TRAVERSAL))
    return None
