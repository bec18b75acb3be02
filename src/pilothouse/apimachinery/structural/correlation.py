"""Which old value belongs to a new one, and whether anything changed (upstream: apiserver pkg/cel/common equality.go,
maplist.go).

A `Correlated` stands beside a value on its way down an updated object. Values are correlated through properties, map
entries and items of lists of type "map"; what has no schema has no old value either, and counts as changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol


class Schema(Protocol):
    """The parts of a schema that correlation reads; `additional` is the schema of map entries, or None."""

    type: str
    list_type: str
    list_map_keys: tuple[str, ...]

    @property
    def properties(self) -> Mapping[str, Schema]: ...
    @property
    def additional(self) -> Schema | None: ...
    @property
    def items(self) -> Schema | None: ...


class _Comparing(threading.local):
    """How long this thread has compared values, in seconds: large objects are looked at aside."""

    seconds = 0.0


comparing = _Comparing()


class Correlated:
    """A value of an updated object with its old value. Not for values of which either is missing."""

    __slots__ = ("_children", "_equal", "_map_list", "new", "old", "schema")

    def __init__(self, new: Any, old: Any, schema: Schema) -> None:
        self.new = new
        self.old = old
        self.schema = schema
        self._equal: bool | None = None
        self._map_list: MapList | None = None
        self._children: dict[str | int, Correlated] = {}

    def key(self, name: str) -> Correlated | None:
        """The value of a property or a map entry, or None where it has no old value."""
        known = self._children.get(name)
        if known is not None:
            return known
        new, old = self.new, self.old
        if new.__class__ is not dict or old.__class__ is not dict or name not in new or name not in old:
            return None
        schema = self.schema.properties.get(name) or self.schema.additional
        if schema is None:
            return None
        child = self._children[name] = Correlated(new[name], old[name], schema)
        return child

    def index(self, i: int) -> Correlated | None:
        """The item of a list of type "map", or None where it has no old value."""
        known = self._children.get(i)
        if known is not None:
            return known
        new, old, items = self.new, self.old, self.schema.items
        if new.__class__ is not list or old.__class__ is not list or self.schema.list_type != "map":
            return None
        if self._map_list is None:
            self._map_list = MapList(self.schema, old)
        before = self._map_list.get(new[i])
        if before is None or items is None:
            return None
        child = self._children[i] = Correlated(new[i], before, items)
        return child

    def unchanged(self) -> bool:
        """Upstream's CachedDeepEqual: a map that holds what its schema does not know is never equal."""
        if self._equal is None:
            began = perf_counter()
            self._equal = self._compare()
            comparing.seconds += perf_counter() - began
        return self._equal

    def _same(self) -> bool:
        """The same for a part of what is being compared."""
        if self._equal is None:
            self._equal = self._compare()
        return self._equal

    def _compare(self) -> bool:
        new, old = self.new, self.old
        if new.__class__ is not old.__class__:
            return False
        if new.__class__ is list:
            return self._compare_lists(new, old)
        if new.__class__ is not dict:
            return bool(new == old)
        if len(new) != len(old):
            return False
        for name in new:
            child = self.key(name)
            if child is None or not child._same():
                return False
        return True

    def _compare_lists(self, new: list[Any], old: list[Any]) -> bool:
        if len(new) != len(old):
            return False
        for i in range(len(new)):
            child = self.index(i)
            if child is None:
                return self._map_list is None and deep_equal(new, old)
            if not child._same():
                return False
        return True


def deep_equal(a: Any, b: Any) -> bool:
    """Go's reflect.DeepEqual of decoded JSON: 1, 1.0 and true all differ."""
    if a.__class__ is not b.__class__:
        return False
    if a.__class__ is dict:
        return len(a) == len(b) and all(name in b and deep_equal(value, b[name]) for name, value in a.items())
    if a.__class__ is list:
        return len(a) == len(b) and all(map(deep_equal, a, b))
    return bool(a == b)


class MapList:
    """The items of a list of type "map" by their keys; of items with the same keys the first counts."""

    __slots__ = ("_items", "_keys")

    def __init__(self, schema: Schema, items: Sequence[Any]) -> None:
        self._keys = schema.list_map_keys if schema.type == "array" and schema.list_type == "map" else ()
        self._items: dict[Any, Any] = {}
        for item in items if self._keys else ():
            key = self._key(item)
            if key is not None:
                self._items.setdefault(key, item)

    def get(self, item: Any) -> Any:
        """The item with the keys of `item`, or None."""
        key = self._key(item)
        return None if key is None else self._items.get(key)

    def _key(self, item: Any) -> Any:
        if item.__class__ is not dict or not self._keys:
            return None
        parts = []
        for name in self._keys:
            value = item.get(name)
            if value.__class__ not in (str, bool, int, float):
                return None
            parts.append((value.__class__, value))
        return tuple(parts)
