"""Making items: an object is encoded once for each revision, and costs little beside its bytes."""

import ctypes
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.storage.interface import Event, Index, Item, Record, WatchEvent

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
#: What Go's ObjectMeta writes before resourceVersion.
_BEFORE_REVISION: Final = ("name", "generateName", "namespace", "selfLink", "uid")
_MAX_SHARED: Final = 4096


class ItemMaker:
    """Makes the items of one resource. Objects with equal labels share one mapping, as replicas do."""

    __slots__ = ("_index", "_labels")

    def __init__(self, index: Index) -> None:
        self._index = index
        self._labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def encode(self, key: str, revision: int, obj: dict[str, Any]) -> Item:
        """Set the revision and encode. Raises TypeError or ValueError when `obj` is no JSON."""
        set_revision(obj, str(revision))
        return self._make(key, revision, dumps(obj), obj)

    def load(self, record: Record) -> Item:
        """The item of a stored record. Raises OSError when its bytes are no object."""
        try:
            obj = orjson.loads(record.value)
            return self._make(record.key, record.revision, record.value, obj)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OSError(f"the stored object {record.key} (revision {record.revision}) is damaged: {error}") from error

    def reindex(self, item: Item) -> None:
        """Read what selectors need of `item` anew, after the index has come to read something else."""
        _, fields = self._index(orjson.loads(item.body))
        item.set_fields(None if _said_by_key(item.key, fields) else fields)

    def _make(self, key: str, revision: int, body: bytes, obj: Mapping[str, Any]) -> Item:
        labels, fields = self._index(obj)
        if labels:
            shape = tuple(labels.items())
            shared = self._labels.get(shape)
            if shared is None:
                if len(self._labels) >= _MAX_SHARED:
                    self._labels.clear()
                shared = self._labels[shape] = dict(labels)
            labels = shared
        else:
            labels = _EMPTY
        item = Item(key, revision, body, labels, None if _said_by_key(key, fields) else fields)
        untrack(item)
        return item


def make_event(revision: int, item: Item, previous: Item | None, deleted: bool) -> Event:
    """An event to be kept in a history."""
    event = Event(revision, item, previous, deleted)
    untrack(event)
    return event


def _find_untrack() -> Callable[[Any], object]:
    """Takes an object out of the sight of the cyclic garbage collector, as C types without it are from birth.

    Items and events live for minutes or for ever and never stand in a cycle, but a full collection looks at each:
    a pause of 90 ms with 100,000 objects, against 15 ms without them. Reference counting frees them as before.
    """
    api = getattr(ctypes, "pythonapi", None)
    if api is None or sys.implementation.name != "cpython":
        return lambda _: None
    function = api.PyObject_GC_UnTrack
    function.argtypes = [ctypes.py_object]
    function.restype = None
    return cast(Callable[[Any], object], function)


untrack: Final = _find_untrack()


def _said_by_key(key: str, fields: Mapping[str, str]) -> bool:
    """Whether `fields` are just the name and namespace with which `key` ends."""
    if len(fields) != 2:
        return False
    namespace = fields.get("metadata.namespace")
    return bool(namespace) and key.endswith(f"/{namespace}/{fields.get('metadata.name')}")


def dumps(obj: Any) -> bytes:
    """`obj` as JSON as Go writes it, in bytes that are worth keeping: those that orjson 3.13 makes hold a buffer
    of 8 KiB whatever their length."""
    return escape(bytes(memoryview(orjson.dumps(obj))))


def set_revision(obj: dict[str, Any], revision: str) -> None:
    """Set metadata.resourceVersion, where Go's encoder puts it when it was not there."""
    metadata = obj["metadata"]
    if "resourceVersion" in metadata:
        metadata["resourceVersion"] = revision
        return
    ordered = {name: metadata[name] for name in _BEFORE_REVISION if name in metadata}
    ordered["resourceVersion"] = revision
    ordered.update((k, v) for k, v in metadata.items() if k not in ordered)
    obj["metadata"] = ordered


def shown(event: Event, type: str) -> WatchEvent:
    """`event` as a WatchEvent of `type`, made once and shared by all watchers.

    DELETED of an event that deletes nothing is a departure: the object no longer matches a selector, and its
    last matching state is shown with the event's revision (upstream: cache_watcher.go, convertToWatchEvent).
    """
    if event.shown is None:
        event.shown = {}
    elif (known := event.shown.get(type)) is not None:
        return known
    item = event.item
    if type == "DELETED" and not event.deleted and event.previous is not None:
        item = at_revision(event.previous, event.revision)
    made = event.shown[type] = WatchEvent(type, item, event.revision)
    return made


def at_revision(item: Item, revision: int) -> Item:
    """`item` with another revision in its metadata."""
    obj = orjson.loads(item.body)
    set_revision(obj, str(revision))
    return Item(item.key, revision, dumps(obj), item.labels, item.fields)
