"""Removing what a schema does not name (upstream: apiextensions-apiserver pkg/apiserver/schema/pruning, options.go).

For each node one closure is compiled and kept with it. Objects are changed in place.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.structural.model import Structural

#: Where a value stands: (place of its parent, its key or index); None is the root. Made into text only for errors.
Place = tuple[Any, "str | int"] | None
Unknown = list[Place]
_Prune = Callable[[Any, Place, Unknown], None]

_MOST: Final = 1000
META_FIELDS: Final = frozenset(("apiVersion", "kind", "metadata"))


def prune(obj: Any, s: Structural | None, *, is_resource_root: bool = True) -> Unknown:
    """Removes the fields of `obj` that `s` does not specify, and says where they stood (see `paths`).

    kind, apiVersion and metadata of embedded resources, and of the root if `is_resource_root`, are left alone.
    """
    unknown: Unknown = []
    if obj.__class__ is dict or obj.__class__ is list:
        _pruner(s, is_resource_root)(obj, None, unknown)
    return unknown


def paths(unknown: Unknown) -> list[str]:
    """The sorted texts of places: "spec.a[0].b". Of more than 1,000 only those found first are told."""
    known: dict[int, str] = {}
    return sorted(_text(place, known) for place in unknown[:_MOST])


def _text(place: Place, known: dict[int, str]) -> str:
    steps = []
    while place is not None and id(place) not in known:
        steps.append(place)
        place = place[0]
    text = known[id(place)] if place is not None else ""
    for step in reversed(steps):
        key = step[1]
        text = field.index(text, key) if isinstance(key, int) else field.child(text, key)
        known[id(step)] = text
    return text


class _Children(dict[str, _Prune]):
    """The closures of a node's properties, each compiled when a value is there for the first time. `otherwise` is what
    other names get."""

    __slots__ = ("_otherwise", "_properties")

    def __init__(self, s: Structural, embedded: bool, otherwise: _Prune) -> None:
        super().__init__(dict.fromkeys(META_FIELDS, _keep) if embedded else {})
        self._properties = s.properties
        self._otherwise = otherwise

    def __missing__(self, name: str) -> _Prune:
        schema = self._properties.get(name)
        if schema is None:
            return self._otherwise
        compiled = self[name] = _pruner(schema, False)
        return compiled


def _pruner(s: Structural | None, is_resource_root: bool) -> _Prune:
    """The closure of a node, compiled on first use."""
    if s is None:
        return _resource_without_schema if is_resource_root else _prune_all
    compile = _compile_preserving if s.preserve_unknown_fields else _compile
    name = "pruning of a resource" if is_resource_root else "pruning"
    return s.compiled(name, lambda: compile(s, is_resource_root))


def _compile(s: Structural, is_resource_root: bool = False) -> _Prune:
    otherwise = _unknown if s.additional_properties is None else _additional(s)
    child_of = _Children(s, is_resource_root or s.embedded_resource, otherwise).__getitem__
    items = s.items

    def prune_node(x: Any, place: Place, unknown: Unknown) -> None:
        if x.__class__ is list:
            item = _pruner(items, False)
            for i, v in enumerate(x):
                if v.__class__ is dict or v.__class__ is list:
                    item(v, (place, i), unknown)
            return
        drop = None
        for k, v in x.items():
            child = child_of(k)
            if child is _unknown:
                if drop is None:
                    drop = []
                drop.append(k)
            elif v.__class__ is dict or v.__class__ is list:
                child(v, (place, k), unknown)
        if drop is not None:
            for k in drop:
                del x[k]
                if place is not None or k not in META_FIELDS:
                    unknown.append((place, k))

    return prune_node


def _compile_preserving(s: Structural, is_resource_root: bool = False) -> _Prune:
    """x-kubernetes-preserve-unknown-fields: only what is specified is looked into."""
    additional = _keep if s.additional_properties is None else _additional(s)
    if not s.properties and additional is _keep and s.items is None:
        return _keep
    child_of = _Children(s, is_resource_root or s.embedded_resource, additional).__getitem__
    items = s.items

    def prune_specified(x: Any, place: Place, unknown: Unknown) -> None:
        if x.__class__ is list:
            if items is not None:
                item = items.compiled("pruning below preserved fields", lambda: _compile_preserving(items))
                for i, v in enumerate(x):
                    if v.__class__ is dict or v.__class__ is list:
                        item(v, (place, i), unknown)
            return
        for k, v in x.items():
            if v.__class__ is dict or v.__class__ is list:
                child_of(k)(v, (place, k), unknown)

    return prune_specified


def _additional(s: Structural) -> _Prune:
    """Additional properties: known to be allowed, and pruned by their schema or, without one, of all that they hold."""
    schema = s.additional_properties
    if not isinstance(schema, Structural):
        return _prune_all
    return lambda x, place, unknown: _pruner(schema, False)(x, place, unknown)


def _unknown(x: Any, place: Place, unknown: Unknown) -> None:
    """Stands for names that a node does not specify."""


def _keep(x: Any, place: Place, unknown: Unknown) -> None:
    """Nothing below is pruned."""


def _prune_all(x: Any, place: Place, unknown: Unknown) -> None:
    """A value without a schema: objects lose all fields, lists keep their scalars."""
    if x.__class__ is list:
        for i, v in enumerate(x):
            if v.__class__ is dict or v.__class__ is list:
                _prune_all(v, (place, i), unknown)
        return
    _drop(x, x, place, unknown)


def _resource_without_schema(x: Any, place: Place, unknown: Unknown) -> None:
    if x.__class__ is list:
        _prune_all(x, place, unknown)
    else:
        _drop(x, [k for k in x if k not in META_FIELDS], place, unknown)


def _drop(x: dict[str, Any], keys: Iterable[str], place: Place, unknown: Unknown) -> None:
    for k in list(keys):
        del x[k]
        unknown.append((place, k))
