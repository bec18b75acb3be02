"""Default values (upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting).

For each node with defaults below it one closure is compiled and kept with it. Objects are changed in place.
Both functions are for what comes from clients, from admission, from conversion and from storage alike.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import orjson

from pilothouse.apimachinery.structural import objectmeta, pruning
from pilothouse.apimachinery.structural.model import DEFAULTS, Structural, StructuralError

_Change = Callable[[Any], None]
#: With how many bytes of defaults may still be set, in a list of one.
_Defaulting = Callable[[Any, list[int]], None]
#: Bytes of JSON that defaults add to one object at most: they multiply with the items of its lists.
_MOST_ADDED: Final = 8 << 20
#: (steps to the parent, property name or 0 for items); None at the root.
_Steps = tuple[Any, "str | int"] | None


def default(x: Any, s: Structural) -> bool:
    """Sets what is absent, or null without being nullable, to copies of its defaults. False if that would be so much
    that it stopped."""
    change = s.compiled("defaulting", lambda: _compile_defaults(s))
    if change is not None and (x.__class__ is dict or x.__class__ is list):
        try:
            change(x, [_MOST_ADDED])
        except _TooMuch:
            return False
    return True


class _TooMuch(Exception):
    pass


def _copied(value: Any, size: int, room: list[int]) -> Any:
    """A default of `size` bytes. Raises _TooMuch."""
    if size > room[0]:
        raise _TooMuch
    room[0] -= size
    return value if value.__class__ is str else deep_copy(value)


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        # a number beyond 64 bits
        return len(json.dumps(value))


def prune_nulls(x: Any, s: Structural) -> None:
    """Removes nulls from objects where they are not nullable and have no default (upstream:
    PruneNonNullableNullsWithoutDefaults). Comes before `default`."""
    change = _nulls(s)
    if change is not None and (x.__class__ is dict or x.__class__ is list):
        change(x)


def deep_copy(x: Any) -> Any:
    """A copy of a JSON value."""
    if x.__class__ is dict:
        return {k: v if v.__class__ is str else deep_copy(v) for k, v in x.items()}
    if x.__class__ is list:
        return [v if v.__class__ is str else deep_copy(v) for v in x]
    return x


def most_added(s: Structural) -> int:
    """How many values `default` adds at most for each object, and each null, that is there before."""
    sizes: dict[int, int] = {}
    absent: dict[int, int] = {}

    def of_default(node: Structural) -> int:
        if node.default is None:
            return 0
        if id(node) not in sizes:
            sizes[id(node)] = size(node.default, node)
        return sizes[id(node)]

    def size(value: Any, node: Structural | None) -> int:
        if value.__class__ is list:
            items = None if node is None else node.items
            return 1 + sum(size(v, items) for v in value)
        if value.__class__ is not dict:
            return 1
        if node is None:
            return 1 + sum(size(v, None) for v in value.values())
        if id(node) not in absent:
            absent[id(node)] = sum(of_default(child) for child in node.properties.values())
        total = 1 + absent[id(node)]
        for name, v in value.items():
            child = node.properties.get(name)
            total += size(v, _additional(node)) if child is None else size(v, child) - of_default(child)
        return total

    return sum(of_default(node) for _, node in s.walk())


def prune_defaults(root: Structural) -> None:
    """Removes from the defaults of a root schema what the schema does not specify, also inside of embedded metadata.

    Changes the schema: call it once, before the schema is used. Raises StructuralError where a default cannot stand
    in its place at all.
    """
    _prune_defaults(root, root, None)


def _prune_defaults(s: Structural, root: Structural, at: _Steps) -> None:
    if s.default is not None:
        s.default = _pruned_default(deep_copy(s.default), root, at)
    if not s.below & DEFAULTS:
        return
    if isinstance(s.additional_properties, Structural):
        _prune_defaults(s.additional_properties, root, (at, "*"))
    if s.items is not None:
        _prune_defaults(s.items, root, (at, 0))
    for name, schema in s.properties.items():
        _prune_defaults(schema, root, (at, name))


def _pruned_default(value: Any, root: Structural, at: _Steps) -> Any:
    """`value` in an object that holds nothing else, pruned there, and taken out again."""
    steps = []
    while at is not None:
        at, step = at
        steps.append(step)
        value = [value] if step == 0 else {step: value}
    if value.__class__ is not dict:
        raise StructuralError("failed to prune default value: object root default value must be of object type")
    objectmeta.coerce(value, root, is_resource_root=True, drop_invalid=True)
    pruning.prune(value, root, is_resource_root=True)
    for step in reversed(steps):
        if value.__class__ is dict:
            value = value.get(step)
        elif value.__class__ is list:
            value = value[0]
    return value


def _additional(s: Structural) -> Structural | None:
    return s.additional_properties if isinstance(s.additional_properties, Structural) else None


def _compile_defaults(s: Structural) -> _Defaulting | None:
    """None where nothing below is to be set."""
    if not s.below & DEFAULTS:
        return None
    defaults, children = [], {}
    for name, schema in s.properties.items():
        if schema.default is not None:
            size = len(name) + _size(schema.default)
            defaults.append((name, schema.default, size, not schema.nullable))
        if (change := _compile_defaults(schema)) is not None:
            children[name] = change
    additional, item = _element_defaults(_additional(s)), _element_defaults(s.items)
    if not defaults and not children and additional is None and item is None:
        return None
    known = s.properties

    def set_defaults(x: Any, room: list[int]) -> None:
        if x.__class__ is list:
            if item is not None:
                for i, v in enumerate(x):
                    x[i] = item(v, room)
            return
        for name, value, size, replaces_null in defaults:
            if name not in x or (replaces_null and x[name] is None):
                x[name] = _copied(value, size, room)
        for name, change in children.items():
            v = x.get(name)
            if v.__class__ is dict or v.__class__ is list:
                change(v, room)
        if additional is not None:
            for k, v in x.items():
                if k not in known:
                    x[k] = additional(v, room)

    return set_defaults


def _element_defaults(s: Structural | None) -> Callable[[Any, list[int]], Any] | None:
    """What becomes of items and additional properties: nulls are replaced, objects and lists looked into."""
    if s is None:
        return None
    value, replaces_null, change = s.default, not s.nullable, _compile_defaults(s)
    if change is None and value is None:
        return None
    size = _size(value)

    def element(v: Any, room: list[int]) -> Any:
        if v is None and replaces_null:
            v = _copied(value, size, room)
        if change is not None and (v.__class__ is dict or v.__class__ is list):
            change(v, room)
        return v

    return element


class _Nulls(dict[str, "_Change | None"]):
    """The closures of a node's properties, each compiled when a value is there for the first time."""

    __slots__ = ("_properties",)

    def __init__(self, s: Structural) -> None:
        super().__init__()
        self._properties = s.properties

    def __missing__(self, name: str) -> _Change | None:
        compiled = self[name] = _nulls(self._properties[name])
        return compiled


def _nulls(s: Structural) -> _Change | None:
    return s.compiled("pruning of nulls", lambda: _compile_nulls(s))


def _compile_nulls(s: Structural) -> _Change | None:
    """None where no schema forbids nulls."""
    known, additional, items = s.properties, _additional(s), s.items
    if not known and additional is None and items is None:
        return None
    children = _Nulls(s)

    def drop_nulls(x: Any) -> None:
        if x.__class__ is list:
            item = None if items is None else _nulls(items)
            if item is not None:
                for v in x:
                    if v.__class__ is dict or v.__class__ is list:
                        item(v)
            return
        drop: list[str] = []
        for k, v in x.items():
            if v is None:
                schema = known.get(k, additional)
                if schema is not None and not schema.nullable and schema.default is None:
                    drop.append(k)
            elif v.__class__ is dict or v.__class__ is list:
                if k in known:
                    change = children[k]
                else:
                    change = None if additional is None else _nulls(additional)
                if change is not None:
                    change(v)
        for k in drop:
            del x[k]

    return drop_nulls
