"""The syntax tree: nodes that the parser makes, the checker annotates, the planner and the cost estimator read."""

from typing import Any

from pilothouse.apimachinery.cel.types import Error, Type


class Node:
    """One expression. `offset` is where it starts in the source, in characters (-1: nowhere).

    `type` is known after checking; `reference` is the resolved name of an identifier. `depth` counts the selections,
    calls and operators above each other, as the parser's limit does.
    """

    __slots__ = ("depth", "offset", "reference", "type")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.depth = 0
        self.type: Type = Error
        self.reference: str | None = None


class Literal(Node):
    """A constant: None, bool, int, UInt, float, str or bytes."""

    __slots__ = ("value",)

    def __init__(self, offset: int, value: Any) -> None:
        super().__init__(offset)
        self.value = value


class Ident(Node):
    """A name, with a leading dot if it was written so. After checking, `type_value` is set for names of types."""

    __slots__ = ("name", "type_value")

    def __init__(self, offset: int, name: str) -> None:
        super().__init__(offset)
        self.name = name
        self.type_value: Type | None = None


class Select(Node):
    """`operand.field`, or `has(operand.field)` when `test_only`."""

    __slots__ = ("field", "operand", "test_only", "type_value")

    def __init__(self, offset: int, operand: Node, field: str, test_only: bool = False) -> None:
        super().__init__(offset)
        self.operand = operand
        self.field = field
        self.test_only = test_only
        self.type_value: Type | None = None


class Call(Node):
    """A call of a function or an operator (`_+_`); `target` is the receiver of a member call.

    After checking, `overloads` are the ids of the overloads that may be meant.
    """

    __slots__ = ("args", "function", "overloads", "target")

    def __init__(self, offset: int, function: str, args: list[Node], target: Node | None = None) -> None:
        super().__init__(offset)
        self.function = function
        self.args = args
        self.target = target
        self.overloads: list[str] = []


class ListNode(Node):
    """`[a, ?b]`; `optionals` are the indices of the elements marked `?`."""

    __slots__ = ("elements", "optionals")

    def __init__(self, offset: int, elements: list[Node], optionals: frozenset[int] = frozenset()) -> None:
        super().__init__(offset)
        self.elements = elements
        self.optionals = optionals


class Entry:
    """`key: value` of a map, or `field: value` of an object (`key` is then the field's name)."""

    __slots__ = ("key", "offset", "optional", "value")

    def __init__(self, offset: int, key: Any, value: Node, optional: bool) -> None:
        self.offset = offset
        self.key = key
        self.value = value
        self.optional = optional


class MapNode(Node):
    __slots__ = ("entries",)

    def __init__(self, offset: int, entries: list[Entry]) -> None:
        super().__init__(offset)
        self.entries = entries


class StructNode(Node):
    """`Name{field: value}`."""

    __slots__ = ("fields", "name")

    def __init__(self, offset: int, name: str, fields: list[Entry]) -> None:
        super().__init__(offset)
        self.name = name
        self.fields = fields


class Comprehension(Node):
    """A loop over `range` that folds into `accumulator`. `shape` says which macro it came from.

    Shapes: "all", "exists", "exists_one", "list", "map", "bind".
    """

    __slots__ = ("accumulator", "condition", "init", "range", "result", "shape", "step", "variable", "variable2")

    def __init__(
        self, offset: int, shape: str, range: Node, variables: tuple[str, str], accumulator: str,
        init: Node, condition: Node, step: Node, result: Node,
    ) -> None:
        super().__init__(offset)
        self.shape = shape
        self.range = range
        self.variable, self.variable2 = variables
        self.accumulator = accumulator
        self.init = init
        self.condition = condition
        self.step = step
        self.result = result


def children(node: Node) -> list[Node]:
    """The expressions directly below, in the order in which cel-go visits them."""
    if isinstance(node, Select):
        return [node.operand]
    if isinstance(node, Call):
        return [*([node.target] if node.target is not None else []), *node.args]
    if isinstance(node, ListNode):
        return node.elements
    if isinstance(node, MapNode):
        return [part for entry in node.entries for part in (entry.key, entry.value)]
    if isinstance(node, StructNode):
        return [entry.value for entry in node.fields]
    if isinstance(node, Comprehension):
        return [node.range, node.init, node.condition, node.step, node.result]
    return []


def walk(node: Node) -> list[Node]:
    """The node and all below it, parents first."""
    found: list[Node] = []
    stack = [node]
    while stack:
        at = stack.pop()
        found.append(at)
        stack.extend(reversed(children(at)))
    return found


def qualified_name(node: Node) -> str | None:
    """`a.b.c` as text when the node is names and field selections only, else None."""
    parts: list[str] = []
    while isinstance(node, Select):
        if node.test_only:
            return None
        parts.append(node.field)
        node = node.operand
    if not isinstance(node, Ident):
        return None
    return ".".join([node.name, *reversed(parts)])
