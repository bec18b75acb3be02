"""Sets of field paths (upstream: structured-merge-diff fieldpath/set.go, serialize.go).

A set is its own wire form, the dict that FieldsV1 holds: a trie whose keys are path elements (`pathelement`).
A node says whether the path to it is a member, and which of its children have members:

    {}                       a member without children (a leaf)
    {".": {}, "f:a": {…}}    a member with children
    {"f:a": {…}}             not a member, but something below is

The root belongs to no path, so at the root `{}` is the empty set. No function here changes its arguments;
results may share parts with them, so sets are never changed in place.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from pilothouse.apimachinery.managedfields import pathelement

FieldSet: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]

_MEMBER = "."


def from_paths(paths: Iterable[Iterable[str]]) -> FieldSet:
    """The set of these paths of field names: `from_paths([("metadata", "name")])`."""
    root: FieldSet = {}
    for path in paths:
        root = union(root, single(tuple("f:" + name for name in path)))
    return root


def single(path: Path) -> FieldSet:
    node: FieldSet = {}
    for element in reversed(path):
        node = {element: node}
    return node


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    out = dict(a)
    for element, theirs in b.items():
        ours = out.get(element)
        out[element] = theirs if ours is None else _union_node(ours, theirs)
    return out


def union_of(sets: Sequence[FieldSet]) -> FieldSet:
    """The union of many: by halves, because each union copies what it adds to."""
    if len(sets) < 2:
        return sets[0] if sets else {}
    middle = len(sets) // 2
    return union(union_of(sets[:middle]), union_of(sets[middle:]))


def _union_node(a: FieldSet, b: FieldSet) -> FieldSet:
    if a is b:
        return a
    if not a:
        return b if not b or _MEMBER in b else {_MEMBER: {}, **b}
    if not b:
        return a if _MEMBER in a else {_MEMBER: {}, **a}
    return union(a, b)


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """What is in `a` and not in `b`, path by path: a parent in `b` does not remove its children."""
    out = {}
    for element, ours in a.items():
        theirs = b.get(element)
        if theirs is None:
            out[element] = ours
        elif element != _MEMBER and (rest := _difference_node(ours, theirs)) is not None:
            out[element] = rest
    return out


def _difference_node(a: FieldSet, b: FieldSet) -> FieldSet | None:
    if not a:
        return None if not b or _MEMBER in b else a
    rest = difference(a, b or {_MEMBER: {}})
    return _settle(rest)


def recursive_difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """As `difference`, but a path in `b` also removes everything below it."""
    out = {}
    for element, ours in a.items():
        theirs = b.get(element)
        if theirs is None:
            out[element] = ours
        elif theirs and _MEMBER not in theirs:
            if not ours:
                out[element] = ours
            elif (rest := _settle(recursive_difference(ours, theirs))) is not None:
                out[element] = rest
    return out


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    out = {}
    for element, ours in a.items():
        theirs = b.get(element)
        if theirs is None:
            continue
        if element == _MEMBER:
            out[element] = ours
        elif not ours:
            if not theirs or _MEMBER in theirs:
                out[element] = ours
        elif (both := _settle(intersection(ours, theirs or {_MEMBER: {}}))) is not None:
            out[element] = both
    return out


def _settle(node: FieldSet) -> FieldSet | None:
    """A node as it must be written: none if nothing is left, `{}` for a member without children."""
    if not node:
        return None
    if len(node) == 1 and _MEMBER in node:
        return {}
    return node


def member(node: FieldSet | None) -> FieldSet:
    """The node with its own path as a member."""
    if not node:
        return {}
    return node if _MEMBER in node else {_MEMBER: {}, **node}


def is_member(node: FieldSet | None) -> bool:
    return node is not None and (not node or _MEMBER in node)


def has_children(node: FieldSet | None) -> bool:
    return bool(node) and (len(node) > 1 or _MEMBER not in node)  # type: ignore[arg-type,operator]


def has(fields: FieldSet, path: Path) -> bool:
    node: FieldSet | None = fields
    for element in path:
        if not node or (node := node.get(element)) is None:
            return False
    return bool(path) and is_member(node)


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """All members in SMD's order: those of one level, then those below each of them."""
    elements = sorted((e for e in fields if e != _MEMBER), key=pathelement.sort_key)
    for element in elements:
        if is_member(fields[element]):
            yield (*prefix, element)
    for element in elements:
        yield from paths(fields[element], (*prefix, element))


def display(path: Path) -> str:
    return "".join([pathelement.display(element) for element in path])


def sort(fields: FieldSet) -> FieldSet:
    """The same set with its elements in the order in which FieldsV1 is written. Returns itself where that holds."""
    elements = list(fields)
    ordered = sorted(elements)
    if ordered and ordered[-1][0] not in ".f":
        ordered.sort(key=pathelement.sort_key)
    changed = ordered != elements
    out = {}
    for element in ordered:
        node = fields[element]
        if node and (ordered_node := sort(node)) is not node:
            node = ordered_node
            changed = True
        out[element] = node
    return out if changed else fields


def parse(fields: Any) -> FieldSet:
    """A FieldsV1 value that a client wrote, as a canonical set. Raises ValueError for what SMD refuses."""
    if fields is None:
        return {}
    node = _parse_node(fields)
    return {element: child for element, child in node.items() if element != _MEMBER}


def _parse_node(fields: Any) -> FieldSet:
    if not isinstance(fields, dict):
        raise ValueError("ReadMapCB: expect { or n")
    out: FieldSet = {}
    for text, child in fields.items():
        if text == _MEMBER:
            out[_MEMBER] = {}
            continue
        try:
            element = pathelement.canonical(text)
        except pathelement.UnknownElement:
            continue
        node = {} if child is None else _parse_node(child)
        out[element] = _union_node(out[element], node) if element in out else node
    return _settle(out) or {}
