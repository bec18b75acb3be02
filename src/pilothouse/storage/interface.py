"""The contracts of storage (upstream: k8s.io/apiserver pkg/storage/interfaces.go).

Three layers, from the disk up:

- a `Backend` keeps an append-only log of revisions (memory, SQLite; etcd follows);
- `storage.storage.Storage` is the one writer: it assigns revisions, batches commits, and lets nobody
  see a write before the backend says that it is durable;
- a `Cacher` (one for each resource prefix) is the watch cache: it holds every object as wire bytes and
  serves all reads and watches from memory.

Everything but the backend runs on the event loop, and only there does state change. The backend is
called from Storage's own writer thread and from nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.stored import Freshness


class Item:
    """One object at one revision, as bytes. Immutable; shared by GET, LIST and every WATCH.

    `body` is the object's JSON *without* kind and apiVersion (`{"metadata":{…},…}`), with
    `metadata.resourceVersion` already set to `revision`. A GET answer is
    `{"kind":K,"apiVersion":V,` + `body[1:]`; a typed LIST joins bodies. `labels` and `fields` are what
    selectors read, so that no read decodes an object. `renditions` caches other representations of the
    same revision (another version, protobuf, watch frames) by a key of the caller's choosing.
    """

    __slots__ = ("_fields", "body", "key", "labels", "renditions", "revision")

    def __init__(
        self, key: str, revision: int, body: bytes, labels: Mapping[str, str], fields: Mapping[str, str] | None
    ) -> None:
        self.key = key
        self.revision = revision
        self.body = body
        self.labels = labels
        self._fields = fields
        self.renditions: dict[Any, bytes] | None = None

    @property
    def fields(self) -> Mapping[str, str]:
        """Selectable fields. Items of namespaced kinds with no more than the two metadata fields (most) keep
        none of their own: the key says both."""
        if self._fields is not None:
            return self._fields
        _, namespace, name = self.key.rsplit("/", 2)
        return {"metadata.name": name, "metadata.namespace": namespace}

    def set_fields(self, fields: Mapping[str, str] | None) -> None:
        """The one change that an item knows: a definition has made other fields selectable."""
        self._fields = fields


class WatchEvent:
    """What a watcher gets. `type` is ADDED, MODIFIED, DELETED or BOOKMARK.

    For DELETED because a selector no longer matches, `item` is the *previous* object rendered with the
    event's revision, as upstream sends it. For BOOKMARK `item` is None and `revision` says how far the
    watcher is; `initial_end` marks the bookmark that ends the initial events. Watchers that see the same
    change get the same WatchEvent, so `renditions` (by a key of the caller's choosing) is encoded once for all.
    """

    __slots__ = ("initial_end", "item", "renditions", "revision", "type")

    def __init__(self, type: str, item: Item | None, revision: int, initial_end: bool = False) -> None:
        self.type = type
        self.item = item
        self.revision = revision
        self.initial_end = initial_end
        self.renditions: dict[Any, bytes] | None = None


class Event:
    """A committed change: `item` is the new object, or for a delete the last one with the delete's revision.

    `previous` is what stood there before, None for a create. The same Event object reaches every watcher;
    `shown` keeps the WatchEvents made from it, by type.
    """

    __slots__ = ("deleted", "item", "previous", "revision", "shown")

    def __init__(self, revision: int, item: Item, previous: Item | None, deleted: bool) -> None:
        self.revision = revision
        self.item = item
        self.previous = previous
        self.deleted = deleted
        self.shown: dict[str, WatchEvent] | None = None


class Record(NamedTuple):
    """One line of a backend's log. `value` is `Item.body`; for a delete it is the last body (tombstone).

    `previous` is the revision of the record this one supersedes, 0 for a create: compaction needs nothing else.
    """

    revision: int
    key: str
    value: bytes
    deleted: bool = False
    previous: int = 0


class Loaded(NamedTuple):
    """What a backend holds when it is opened: `revision` is the newest ever given out, `compacted` the revision
    up to which history is gone, `records` all live objects and all history since then, by revision."""

    revision: int
    compacted: int
    records: Sequence[Record]


class Index(Protocol):
    """Reads from a decoded object what selectors need: (labels, selectable fields)."""

    def __call__(self, obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]: ...


class Backend(Protocol):
    """An append-only log of records with one global, gap-tolerant, strictly rising revision.

    All methods but `size` block and are called from one thread, Storage's writer thread; with `blocking`
    False (nothing waits for a disk) they are called on the event loop instead.
    """

    blocking: bool

    def open(self) -> Loaded:
        """Open or create. A fresh store is at revision 1 with nothing in it (as etcd's).

        Raises OSError with a text for the operator: in use by another process, damaged, not a store.
        """
        ...

    def commit(self, records: Sequence[Record]) -> None:
        """Append all records atomically; returns only when they are durable (fsynced). Raises OSError on
        failure, after which none of them may ever be seen."""
        ...

    def compact(self, revision: int) -> None:
        """Forget history up to and including `revision`: superseded records and tombstones, never a live one."""
        ...

    def close(self) -> None: ...

    def size(self) -> int:
        """Bytes on disk, 0 for memory. May be called from any thread."""
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


class StorageFailed(StatusError):
    """A commit failed: the write did not happen and `Storage.healthy` is False from now on. Clients get a plain 500,
    as for upstream's errors of etcd."""

    def __init__(self, message: str) -> None:
        super().__init__(500, "", message)


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

    `prefix` is a key prefix that ends with a slash ("/registry/pods/ns/"), or with `single` one exact key.
    `labels`/`fields` are None when everything matches.
    """

    prefix: str
    single: bool = False
    labels: Any = None
    """An `apimachinery.labels.Selector` (has `.matches(Mapping[str, str]) -> bool`) or None."""
    fields: Any = None
    """An `apimachinery.fields.Selector` (the same method) or None."""

    @property
    def selective(self) -> bool:
        return self.labels is not None or self.fields is not None

    def covers(self, key: str) -> bool:
        """Whether `key` is within the scope, selectors apart."""
        return key == self.prefix if self.single else key.startswith(self.prefix)

    def selects(self, item: Item) -> bool:
        """Whether the selectors match, the scope apart."""
        return (self.labels is None or self.labels.matches(item.labels)) and (
            self.fields is None or self.fields.matches(item.fields)
        )

    def matches(self, item: Item) -> bool:
        return self.covers(item.key) and self.selects(item)


class Page(NamedTuple):
    """`remaining` counts the keys in scope after the page, selectors apart; `more` says whether there are any.
    `read` counts the objects that were looked at for it."""

    items: list[Item]
    revision: int
    more: bool
    remaining: int
    read: int


class Watcher(Protocol):
    """One open watch. Events come in revision order, each exactly once.

    `batch()` waits for at least one event and returns all that are there (at most 500); it returns an empty
    list when the watch has ended (closed by either side, or dropped because its buffer overflowed or the
    history it still had to catch up with is gone). Only one task may call it.
    """

    async def batch(self) -> list[WatchEvent]: ...

    def bookmark(self) -> WatchEvent | None:
        """A BOOKMARK of how far this watch is, or None while events wait to be taken. For the end of a watch:
        upstream sends one about two seconds before its timeout to those who asked for bookmarks."""
        ...

    def close(self) -> None: ...


class Cacher(Protocol):
    """The watch cache of one resource (upstream: storage/cacher). Made by `Storage.cacher(prefix, index)`.

    Keys are kube-apiserver's: "/registry/configmaps/ns/name", "/registry/namespaces/name". Lists are in
    key order (byte order of the whole key).
    """

    @property
    def revision(self) -> int:
        """The store's newest visible revision (of all resources)."""
        ...

    @property
    def changes(self) -> int:
        """Another number whenever what can be read has changed: what was worked out from a list still holds if not."""
        ...

    @property
    def events(self) -> int:
        """For metrics: committed events since the start. `lists` counts the answers of `select`, `read` and `listed`
        the objects looked at for them, and in them."""
        ...

    @property
    def lists(self) -> int: ...

    @property
    def read(self) -> int: ...

    @property
    def listed(self) -> int: ...

    @property
    def history_capacity(self) -> int:
        """For metrics: how many events are remembered at most."""
        ...

    @property
    def freshness(self) -> Freshness:
        """For metrics."""
        ...

    def get(self, key: str) -> Item | None:
        """The newest committed object."""
        ...

    def newest(self, key: str) -> Item | None:
        """The newest object including what is still being committed: what a write must be based on."""
        ...

    async def durable(self, item: Item) -> Item:
        """Returns `item` when it is committed; raises StorageFailed when that failed. For whoever answers with
        what `newest` gave without writing (an update that changes nothing, a dry run)."""
        ...

    async def create(self, key: str, obj: dict[str, Any]) -> Item:
        """Store `obj` (no kind/apiVersion; its metadata.resourceVersion is set here). Raises KeyExists.

        `obj` is taken over: it is empty from the moment in which it is encoded. Hundreds of writes may wait for a
        commit, and each would keep a tree of hundreds of containers alive that nobody reads any more.
        """
        ...

    async def update(self, key: str, obj: dict[str, Any], expected: Item) -> Item:
        """Replace `expected`, which must still be `newest(key)`; else raises Conflict. `obj` is taken over as above."""
        ...

    async def delete(self, key: str, expected: Item, obj: dict[str, Any] | None = None) -> Item:
        """Remove `expected`; the DELETED event shows `obj` (default: the expected object) with the new revision."""
        ...

    def snapshot(self, predicate: Predicate, revision: int | None = None) -> tuple[list[Item], int]:
        """Matching items in key order and the revision of the snapshot: the newest, or exactly `revision`.

        Raises Compacted or Future. Touches no bytes: a list copy without selectors; with them every item in
        scope is tested at once, so request handlers use `select`, which yields.
        """
        ...

    def list_page(
        self, predicate: Predicate, *, limit: int, start_after: str = "", revision: int | None = None
    ) -> Page:
        """Up to `limit` matches (0: all) with key > `start_after`. Raises Compacted or Future."""
        ...

    async def select(
        self, predicate: Predicate, *, limit: int = 0, start_after: str = "", revision: int | None = None,
        consistent: bool = False,
    ) -> Page:
        """As `list_page`, of one moment, giving way to the loop every two milliseconds. `consistent`, for metrics: no
        older revision than the newest would do."""
        ...

    def watch(
        self, predicate: Predicate, *, revision: int | None, bookmarks: bool = False, initial_events: bool = False
    ) -> Watcher:
        """Events after `revision`. `revision` None or 0: synthetic ADDED for what is there now, then events.

        `initial_events`: synthetic ADDED for what is there now and, if `bookmarks`, an `initial_end` bookmark,
        then events. Raises Compacted; a `revision` of the future gets the events after it when they come (the
        caller checks with `wait_revision`). Bookmarks come about once a minute to those who ask.
        """
        ...

    def observe(self, observer: "Observer") -> None:
        """Have `observer` called for every event from now on, and for what is there."""
        ...

    async def wait_revision(self, revision: int, timeout: float = 3.0) -> None:
        """Wait until the store has reached `revision`; raises Future when `timeout` seconds did not bring it."""
        ...

    def count(self) -> int: ...

    def average_bytes(self) -> int:
        """The size of an object, judged by a few of them: cheap enough for every request."""
        ...


class Observer(Protocol):
    """Called on the loop for every committed event of a cacher, before watchers (indexes such as RBAC's).

    When it is registered or its cacher is loaded, it is first called for each object that is there, as if
    the object had just been created. What it raises is logged and goes no further.
    """

    def __call__(self, event: Event) -> None: ...
