"""Committed objects from memory, decoded once for each revision (upstream: client-go's informers and listers)."""

from bisect import insort
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.storage.interface import Event, Item, Observer

Object = dict[str, Any]
#: Calls the observer for every object that is there, and for every event from now on.
Observe = Callable[[GroupResource, Observer], None]


class _Entry:
    __slots__ = ("item", "obj")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.obj: Object | None = None

    def get(self) -> Object:
        if self.obj is None:
            self.obj = orjson.loads(self.item.body)
        return self.obj


class _Informer:
    """The objects of one resource by namespace and name; implements `storage.interface.Observer`."""

    def __init__(self) -> None:
        self.by_namespace: dict[str, dict[str, _Entry]] = {}
        self._names: dict[str, list[str]] = {}

    def __call__(self, event: Event) -> None:
        fields = event.item.fields
        namespace, name = fields.get("metadata.namespace", ""), fields["metadata.name"]
        entries = self.by_namespace.setdefault(namespace, {})
        names = self._names.setdefault(namespace, [])
        if not event.deleted:
            if name not in entries:
                insort(names, name)
            entries[name] = _Entry(event.item)
        elif entries.pop(name, None) is not None:
            names.remove(name)
            if not entries:
                del self.by_namespace[namespace], self._names[namespace]

    def list(self, namespace: str) -> Sequence[Object]:
        entries = self.by_namespace.get(namespace)
        return [entries[name].get() for name in self._names[namespace]] if entries else ()

    def list_all(self) -> Sequence[Object]:
        return [obj for namespace in sorted(self.by_namespace) for obj in self.list(namespace)]


class CachedLister:
    """`admission.interface.Lister` over the watch caches. A resource costs memory from the first question about it.

    `observe` registers an observer with a resource's cacher and raises KeyError for what is not served.
    """

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._informers: dict[GroupResource, _Informer] = {}

    def _informer(self, resource: GroupResource) -> _Informer:
        informer = self._informers.get(resource)
        if informer is None:
            informer = _Informer()
            self._observe(resource, informer)
            self._informers[resource] = informer
        return informer

    def get(self, resource: GroupResource, namespace: str, name: str) -> Object | None:
        try:
            entry = self._informer(resource).by_namespace.get(namespace, {}).get(name)
        except KeyError:
            return None
        return entry.get() if entry is not None else None

    def list(self, resource: GroupResource, namespace: str = "") -> Sequence[Object]:
        try:
            informer = self._informer(resource)
        except KeyError:
            return ()
        return informer.list(namespace) if namespace else informer.list_all()
