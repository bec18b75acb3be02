"""Macros: calls that become loops before checking (cel-go parser/macro.go, cel/library.go, ext/comprehensions.go)."""

from collections.abc import Callable
from typing import Final

from pilothouse.apimachinery.cel.ast import (
    Call,
    Comprehension,
    Entry,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    StructNode,
)

ACCUMULATOR: Final = "@result"
_LEGACY_ACCUMULATOR = "__result__"
_UNUSED = "#unused"


class MacroError(ValueError):
    """Arguments that a macro cannot take; `offset` is where."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


#: (offset of the call, target or None, arguments) → the expansion, or None when the call is an ordinary one.
Expander = Callable[[int, Node | None, list[Node]], Node | None]


def _accu(at: int) -> Ident:
    return Ident(at, ACCUMULATOR)


def _variable(node: Node, message: str) -> str:
    if not isinstance(node, Ident):
        raise MacroError(node.offset, message)
    if node.name in (ACCUMULATOR, _LEGACY_ACCUMULATOR):
        raise MacroError(node.offset, "iteration variable overwrites accumulator variable")
    return node.name


def _variables(args: list[Node]) -> tuple[str, str]:
    first, second = args[0], args[1]
    for node in (first, second):
        if not isinstance(node, Ident):
            raise MacroError(node.offset, "argument must be a simple name")
    assert isinstance(first, Ident) and isinstance(second, Ident)
    if first.name == second.name:
        raise MacroError(second.offset, f"duplicate variable name: {first.name}")
    return _variable(first, ""), _variable(second, "")


def has(at: int, target: Node | None, args: list[Node]) -> Node:
    operand = args[0]
    if isinstance(operand, Select):
        return Select(at, operand.operand, operand.field, test_only=True)
    raise MacroError(operand.offset, "invalid argument to has() macro")


def _quantifier(at: int, shape: str, target: Node, names: tuple[str, str], predicate: Node) -> Node:
    if shape == "all":
        init: Node = Literal(at, True)
        condition: Node = Call(at, "@not_strictly_false", [_accu(at)])
        step: Node = Call(at, "_&&_", [_accu(at), predicate])
        result: Node = _accu(at)
    elif shape == "exists":
        init = Literal(at, False)
        condition = Call(at, "@not_strictly_false", [Call(at, "!_", [_accu(at)])])
        step = Call(at, "_||_", [_accu(at), predicate])
        result = _accu(at)
    else:
        init = Literal(at, 0)
        condition = Literal(at, True)
        step = Call(at, "_?_:_", [predicate, Call(at, "_+_", [_accu(at), Literal(at, 1)]), _accu(at)])
        result = Call(at, "_==_", [_accu(at), Literal(at, 1)])
    return Comprehension(at, shape, target, names, ACCUMULATOR, init, condition, step, result)


def _quantify(shape: str) -> Expander:
    def expand(at: int, target: Node | None, args: list[Node]) -> Node:
        assert target is not None
        if len(args) == 3:
            return _quantifier(at, shape, target, _variables(args), args[2])
        return _quantifier(at, shape, target, (_variable(args[0], "argument must be a simple name"), ""), args[1])

    return expand


def _list_loop(at: int, target: Node, names: tuple[str, str], predicate: Node | None, item: Node) -> Node:
    step: Node = Call(at, "_+_", [_accu(at), ListNode(at, [item])])
    if predicate is not None:
        step = Call(at, "_?_:_", [predicate, step, _accu(at)])
    init = ListNode(at, [])
    return Comprehension(at, "list", target, names, ACCUMULATOR, init, Literal(at, True), step, _accu(at))


def map_(at: int, target: Node | None, args: list[Node]) -> Node:
    assert target is not None
    name = _variable(args[0], "argument is not an identifier")
    return _list_loop(at, target, (name, ""), args[1] if len(args) == 3 else None, args[-1])


def filter_(at: int, target: Node | None, args: list[Node]) -> Node:
    assert target is not None
    name = _variable(args[0], "argument is not an identifier")
    return _list_loop(at, target, (name, ""), args[1], args[0])


def transform_list(at: int, target: Node | None, args: list[Node]) -> Node:
    assert target is not None
    return _list_loop(at, target, _variables(args), args[2] if len(args) == 4 else None, args[-1])


def _transform_map(entry: bool) -> Expander:
    def expand(at: int, target: Node | None, args: list[Node]) -> Node:
        assert target is not None
        names = _variables(args)
        added = [args[-1]] if entry else [Ident(at, names[0]), args[-1]]
        step: Node = Call(at, "cel.@mapInsert", [_accu(at), *added])
        if len(args) == 4:
            step = Call(at, "_?_:_", [args[2], step, _accu(at)])
        init = MapNode(at, [])
        return Comprehension(at, "map", target, names, ACCUMULATOR, init, Literal(at, True), step, _accu(at))

    return expand


def _opt_map(name: str, flat: bool) -> Expander:
    def expand(at: int, target: Node | None, args: list[Node]) -> Node:
        assert target is not None
        if not isinstance(args[0], Ident):
            raise MacroError(args[0].offset, f"{name}() variable name must be a simple identifier")
        variable = args[0].name
        value = Call(at, "value", [], copy(target))
        bound: Node = Comprehension(
            at, "bind", ListNode(at, []), (_UNUSED, ""), variable,
            value, Literal(at, False), Ident(at, variable), args[1],
        )
        if not flat:
            bound = Call(at, "optional.of", [bound])
        return Call(at, "_?_:_", [Call(at, "hasValue", [], target), bound, Call(at, "optional.none", [])])

    return expand


def copy(node: Node) -> Node:
    """A second tree with the same content: nodes carry annotations, so that none may stand in two places."""
    if isinstance(node, Literal):
        fresh: Node = Literal(node.offset, node.value)
    elif isinstance(node, Ident):
        fresh = Ident(node.offset, node.name)
    elif isinstance(node, Select):
        fresh = Select(node.offset, copy(node.operand), node.field, node.test_only)
    elif isinstance(node, Call):
        target = None if node.target is None else copy(node.target)
        fresh = Call(node.offset, node.function, [copy(a) for a in node.args], target)
    else:
        fresh = _copy_aggregate(node)
    fresh.depth = node.depth
    return fresh


def _copy_aggregate(node: Node) -> Node:
    if isinstance(node, ListNode):
        return ListNode(node.offset, [copy(e) for e in node.elements], node.optionals)
    if isinstance(node, MapNode):
        return MapNode(node.offset, [Entry(e.offset, copy(e.key), copy(e.value), e.optional) for e in node.entries])
    if isinstance(node, StructNode):
        fields = [Entry(e.offset, e.key, copy(e.value), e.optional) for e in node.fields]
        return StructNode(node.offset, node.name, fields)
    if not isinstance(node, Comprehension):
        return Node(node.offset)  # of a text that did not parse
    return Comprehension(
        node.offset, node.shape, copy(node.range), (node.variable, node.variable2), node.accumulator,
        copy(node.init), copy(node.condition), copy(node.step), copy(node.result),
    )


#: (name, number of arguments, whether it has a receiver) → expansion. The standard ones.
STANDARD: Final[dict[tuple[str, int, bool], Expander]] = {
    ("has", 1, False): has,
    ("all", 2, True): _quantify("all"),
    ("exists", 2, True): _quantify("exists"),
    ("exists_one", 2, True): _quantify("exists_one"),
    ("existsOne", 2, True): _quantify("exists_one"),
    ("map", 2, True): map_,
    ("map", 3, True): map_,
    ("filter", 2, True): filter_,
}

#: Macros that copy what they are called on.
COPYING: Final = frozenset(("optMap", "optFlatMap"))

#: With optional types.
OPTIONAL: Final[dict[tuple[str, int, bool], Expander]] = {
    ("optMap", 2, True): _opt_map("optMap", False),
    ("optFlatMap", 2, True): _opt_map("optFlatMap", True),
}

def _bind(at: int, target: Node | None, args: list[Node]) -> Node | None:
    if not isinstance(target, Ident) or target.name != "cel":
        return None
    if not isinstance(args[0], Ident):
        raise MacroError(args[0].offset, "cel.bind() variable names must be simple identifiers")
    name = args[0].name
    return Comprehension(
        at, "bind", ListNode(at, []), (_UNUSED, ""), name, args[1], Literal(at, False), Ident(at, name), args[2]
    )


#: `cel.bind(name, value, expression)`: device selectors have it.
BINDINGS: Final[dict[tuple[str, int, bool], Expander]] = {("bind", 3, True): _bind}

#: Comprehensions over keys and values.
TWO_VARIABLES: Final[dict[tuple[str, int, bool], Expander]] = {
    ("all", 3, True): _quantify("all"),
    ("exists", 3, True): _quantify("exists"),
    ("exists_one", 3, True): _quantify("exists_one"),
    ("existsOne", 3, True): _quantify("exists_one"),
    ("transformList", 3, True): transform_list,
    ("transformList", 4, True): transform_list,
    ("transformMap", 3, True): _transform_map(False),
    ("transformMap", 4, True): _transform_map(False),
    ("transformMapEntry", 3, True): _transform_map(True),
    ("transformMapEntry", 4, True): _transform_map(True),
}
