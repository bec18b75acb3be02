"""What admission plugins read: committed objects, straight from the watch caches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilothouse.admission.interface import Object
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.store import Store, decode
from pilothouse.storage.interface import Item, Predicate


class StoreLister:
    """`admission.interface.Lister` over the stores. An object is decoded once for each revision that is asked for."""

    def __init__(self, stores: Mapping[GroupResource, Store]) -> None:
        self._stores = stores
        self._decoded: dict[str, tuple[Item, Object]] = {}
        self._lists: dict[str, tuple[int, Sequence[Object]]] = {}

    def get(self, resource: GroupResource, namespace: str, name: str) -> Object | None:
        store = self._stores.get(resource)
        if store is None:
            return None
        item = store.cacher.get(f"{store.key_root(namespace)}{name}")
        return None if item is None else self._object(item)

    def list(self, resource: GroupResource, namespace: str = "") -> Sequence[Object]:
        store = self._stores.get(resource)
        if store is None:
            return ()
        cacher = store.cacher
        if not cacher.count():
            return ()
        root, changes = store.key_root(namespace), cacher.changes
        known = self._lists.get(root)
        if known is not None and known[0] == changes:
            return known[1]
        items, _ = cacher.snapshot(Predicate(root))
        found = [self._object(item) for item in items]
        if len(found) <= _LONGEST_LIST:
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            self._lists[root] = (changes, found)
        return found

    def _object(self, item: Item) -> Object:
        known = self._decoded.get(item.key)
        if known is not None and known[0] is item:
            return known[1]
        if len(self._decoded) >= _MOST_DECODED:
            self._decoded.clear()
        obj = decode(item)
        self._decoded[item.key] = (item, obj)
        return obj


_MOST_DECODED = 4096
_MOST_LISTS = 1024
_LONGEST_LIST = 64
