"""The contracts of storage (upstream: k8s.io/apiserver pkg/storage/interfaces.go).

Three layers, from the disk up:

- a `Backend` keeps an append-only log of revisions (memory, SQLite; etcd follows);
- `storage.storage.Storage` is the one writer: it assigns revisions, batches commits, and lets nobody
  see a write before the backend says that it is durable;
- a `Cacher` (one for each resource prefix) is the watch cache: it holds every object as wire bytes and
  serves all reads and watches from memory.

Everything but `Backend.commit` runs on the event loop, and only there does state change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Item:
    """One object at one revision, as bytes. Immutable; shared by GET, LIST and every WATCH.

    `body` is the object's JSON *without* kind and apiVersion (`{"metadata":{…},…}`), with
    `metadata.resourceVersion` already set to `revision`. A GET answer is
    `{"kind":K,"apiVersion":V,` + `body[1:]`; a typed LIST joins bodies. `labels` and `fields` are what
    selectors read, so that no read decodes an object. `renditions` caches other representations of the
    same revision (another version, protobuf, watch frames) by a key of the caller's choosing.
    """

    __slots__ = ("body", "fields", "key", "labels", "renditions", "revision")

    def __init__(
        self, key: str, revision: int, body: bytes, labels: Mapping[str, str], fields: Mapping[str, str]
    ) -> None:
        self.key = key
        self.revision = revision
        self.body = body
        self.labels = labels
        self.fields = fields
        self.renditions: dict[Any, bytes] | None = None


class Event:
    """A committed change: `item` is the new object, or for a delete the last one with the delete's revision.

    `previous` is what stood there before, None for a create. The same Event object reaches every watcher.
    """

    __slots__ = ("deleted", "item", "previous", "revision")

    def __init__(self, revision: int, item: Item, previous: Item | None, deleted: bool) -> None:
        self.revision = revision
        self.item = item
        self.previous = previous
        self.deleted = deleted


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a backend's log. `value` is `Item.body`; for a delete it is the last body (tombstone)."""

    revision: int
    key: str
    value: bytes
    deleted: bool = False


class Index(Protocol):
    """Reads from a decoded object what selectors need: (labels, selectable fields)."""

    def __call__(self, obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]: ...


class Backend(Protocol):
    """An append-only log of records with one global, gap-tolerant, strictly rising revision."""

    async def open(self) -> tuple[int, int, Iterable[Record]]:
        """Open or create. Returns (newest revision ever given out, compacted revision, records by revision).

        The records are all live objects and the history since the compacted revision, in revision order.
        A fresh store starts at revision 1 with nothing in it (as etcd does). Raises OSError when it cannot.
        """
        ...

    async def commit(self, records: Sequence[Record]) -> None:
        """Append all records atomically; returns only when they are durable (fsynced). Raises on failure,
        after which none of them may ever be seen."""
        ...

    async def compact(self, revision: int) -> None:
        """Forget history up to and including `revision`: superseded records and tombstones, never a live one."""
        ...

    async def close(self) -> None: ...

    def size(self) -> int:
        """Bytes on disk, 0 for memory."""
        ...


class KeyExists(Exception):
    """Create of a key that is there (or is being committed). `.item` is what stands there."""

    def __init__(self, item: Item) -> None:
        super().__init__(item.key)
        self.item = item


class Conflict(Exception):
    """The write was based on an object that is no longer the newest. `.current` is the newest, or None if gone."""

    def __init__(self, current: Item | None) -> None:
        super().__init__(current.key if current else "gone")
        self.current = current


class StorageFailed(Exception):
    """A commit failed: the write did not happen and `Storage.healthy` is False from now on."""


class Compacted(Exception):
    """A list or watch wants a revision that is no longer there (answers 410). `.oldest` is what still is."""

    def __init__(self, requested: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {requested} ({oldest})")
        self.requested = requested
        self.oldest = oldest


class Future(Exception):
    """A read wants a revision that is not there yet (answers 504 after a wait). `.current` is the newest."""

    def __init__(self, requested: int, current: int) -> None:
        super().__init__(f"Too large resource version: {requested}, current: {current}")
        self.requested = requested
        self.current = current


@dataclass(frozen=True, slots=True)
class Predicate:
    """Which objects a list or watch is about. Matching reads `Item.key`, `.labels` and `.fields` only.

    `prefix` is a key prefix ("/registry/pods/ns/"), or with `single` one exact key. `labels`/`fields`
    match functions are None when everything matches.
    """

    prefix: str
    single: bool = False
    labels: Any = None
    """An `apimachinery.labels.Selector` (has `.matches(Mapping[str, str]) -> bool`) or None."""
    fields: Any = None
    """An `apimachinery.fields.Selector` (the same method) or None."""

    def matches(self, item: Item) -> bool:
        return (
            (item.key == self.prefix if self.single else item.key.startswith(self.prefix))
            and (self.labels is None or self.labels.matches(item.labels))
            and (self.fields is None or self.fields.matches(item.fields))
        )


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """What a watcher gets. `type` is ADDED, MODIFIED, DELETED or BOOKMARK.

    For DELETED because a selector no longer matches, `item` is the *previous* object rendered with the
    event's revision, as upstream sends it. For BOOKMARK `item` is None and `revision` says how far the
    watcher is; `initial_end` marks the bookmark that ends the initial events.
    """

    type: str
    item: Item | None
    revision: int
    initial_end: bool = False


class Watcher(Protocol):
    """One open watch. Events come in revision order, each exactly once.

    `batch()` waits for at least one event and returns all that are there (bounded); it returns an empty
    list when the watch has ended (closed by either side, or dropped because its buffer overflowed).
    """

    async def batch(self) -> list[WatchEvent]: ...

    def close(self) -> None: ...


class Cacher(Protocol):
    """The watch cache of one resource (upstream: storage/cacher). Made by `Storage.cacher(prefix, index)`.

    Keys are kube-apiserver's: "/registry/configmaps/ns/name", "/registry/namespaces/name". Lists are in
    key order (byte order of the whole key).
    """

    def get(self, key: str) -> Item | None:
        """The newest committed object."""
        ...

    def newest(self, key: str) -> Item | None:
        """The newest object including what is still being committed: what a write must be based on."""
        ...

    async def create(self, key: str, obj: dict[str, Any]) -> Item:
        """Store `obj` (no kind/apiVersion; its metadata.resourceVersion is set here). Raises KeyExists."""
        ...

    async def update(self, key: str, obj: dict[str, Any], expected: Item) -> Item:
        """Replace `expected`, which must still be `newest(key)`; else raises Conflict."""
        ...

    async def delete(self, key: str, expected: Item, obj: dict[str, Any] | None = None) -> Item:
        """Remove `expected`; the DELETED event shows `obj` (default: the expected object) with the new revision."""
        ...

    def snapshot(self, predicate: Predicate, revision: int | None = None) -> tuple[list[Item], int]:
        """Matching items in key order and the revision of the snapshot: the newest, or exactly `revision`.

        Raises Compacted or Future. Cheap: touches no bytes. (Callers that page use
        `list_page`.)
        """
        ...

    def list_page(
        self, predicate: Predicate, *, limit: int, start_after: str = "", revision: int | None = None
    ) -> tuple[list[Item], int, bool, int]:
        """Up to `limit` matches with key > `start_after`: (items, revision, more, items left after the page).

        `items left` counts keys under the prefix after the page without applying selectors.
        """
        ...

    def watch(
        self, predicate: Predicate, *, revision: int | None, bookmarks: bool = False, initial_events: bool = False
    ) -> Watcher:
        """Events after `revision`. `revision` None or 0: synthetic ADDED for what is there now, then events.

        `initial_events`: synthetic ADDED and, if `bookmarks`, an `initial_end` bookmark, then events.
        Raises Compacted; a `revision` of the future waits (the caller checks with `wait_revision`).
        """
        ...

    async def wait_revision(self, revision: int, timeout: float = 3.0) -> None:
        """Wait until the store has reached `revision`; raises Future when `timeout` seconds did not bring it."""
        ...

    def count(self) -> int: ...


class Observer(Protocol):
    """Called on the loop for every committed event of a cacher, before watchers (indexes such as RBAC's)."""

    def __call__(self, event: Event) -> None: ...
