"""Sets of objects of a known shape.

Objects of a kind come in few shapes: the same names, other values. The part of a set that does not depend on values is
kept for each shape of each struct or map, so that nothing is looked up, joined or sorted for an object of a known one.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pilothouse.apimachinery.managedfields.fieldset import FieldSet

if TYPE_CHECKING:
    from pilothouse.apimachinery.managedfields.typed import Node

#: Shapes kept for one node; maps with keys of their own in each object have no more than that either.
MAX_SHAPES: Final = 256
MAX_NAMES: Final = 64
MAX_CHARACTERS: Final = 4096


class _All(frozenset[str]):
    """Contains every name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


ALL: Final = _All()


class Shape(NamedTuple):
    """What the sets of all values with the same names have in common, in the order in which sets are written.

    `leaves` has every name as a leaf, `member` its own path besides; both are shared, so never to be changed.
    `nested` are (element, name, node) of those that may have something below, `others` those of them that Go does
    not always write; `zeroed` are (element, name, node, zero) of all that it does.
    """

    leaves: FieldSet
    member: FieldSet
    nested: tuple[tuple[str, str, "Node"], ...]
    others: tuple[tuple[str, str, "Node"], ...]
    zeroed: tuple[tuple[str, str, "Node", Any], ...]


class Shapes:
    """The shapes of one node. `child` finds the node of a name, or raises TypedError."""

    __slots__ = ("_child", "_known", "_zeros")

    def __init__(self, child: "Callable[[str], Node]", zeros: Mapping[str, Any]) -> None:
        self._child = child
        self._zeros = zeros
        self._known: dict[tuple[str, ...], Shape] = {}

    def of(self, value: dict[str, Any]) -> Shape:
        names = tuple(value)
        known = self._known.get(names)
        if known is not None:
            return known
        made = self._make(sorted(names))
        if len(names) <= MAX_NAMES and sum(map(len, names)) <= MAX_CHARACTERS:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            self._known[names] = made
        return made

    def _make(self, names: list[str]) -> Shape:
        zeros = self._zeros
        children = [("f:" + name, name, self._child(name)) for name in names]
        leaves: FieldSet = {element: {} for element, _, _ in children}
        nested = tuple(child for child in children if not child[2].leaf)
        return Shape(
            leaves, {".": {}, **leaves}, nested, tuple(child for child in nested if child[1] not in zeros),
            tuple((*child, zeros[child[1]]) for child in children if child[1] in zeros),
        )
