"""What every backend must pass (as upstream's storage/testing is for its stores).

    from pilothouse.storage import conformance

    @pytest.mark.parametrize("check", conformance.CHECKS)
    def test_backend(check, tmp_path):
        check(lambda: MyBackend(tmp_path / "store"))

A check is given a function that makes a backend on one place, empty at first; called again after a close,
it must find what was committed. A check raises `NonConforming`, with a text that says what is wrong.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pilothouse.storage.interface import Backend, KeyExists, Loaded, Predicate, Record
from pilothouse.storage.storage import Storage

Make = Callable[[], Backend]
Check = Callable[[Make], None]

_PREFIX: Final = "/registry/configmaps/"


class NonConforming(AssertionError):
    """The backend does not do what `interface.Backend` says."""


def fresh_store_is_empty_at_revision_one(make: Make) -> None:
    _equal(_reopened(make, []), Loaded(1, 0, []), "a fresh store")


def commits_survive_reopening(make: Make) -> None:
    records = [_put(2, "a"), _put(3, "b", b"\x00\xff not text"), _put(4, "a", b"{}", previous=2), _gone(5, "b", 3)]
    _equal(_reopened(make, [records[:1], records[1:]]), Loaded(5, 0, records), "what was committed")


def gaps_between_revisions_are_kept(make: Make) -> None:
    records = [_put(7, "a"), _put(1_000_000_000_000, "b")]
    _equal(_reopened(make, [records]), Loaded(1_000_000_000_000, 0, records), "revisions with gaps")


def keys_and_sizes_are_not_bounded(make: Make) -> None:
    records = [_put(2, "ключ/日本/🚢"), _put(3, "x" * 2000), _put(4, "big", b"v" * 3_000_000), _put(5, "empty", b"")]
    _equal(_reopened(make, [records]).records, records, "unusual keys and sizes")


def large_batches_are_one_commit(make: Make) -> None:
    records = [_put(revision, f"{revision % 700}") for revision in range(2, 5003)]
    _equal(_reopened(make, [records]).records, records, "a batch of 5001 records")


def compaction_forgets_what_was_superseded(make: Make) -> None:
    history = [_put(2, "a"), _put(3, "b"), _put(4, "a", b"new", previous=2), _gone(5, "b", 3), _put(6, "a", previous=4)]

    def compact(backend: Backend) -> None:
        backend.compact(5)

    loaded = _reopened(make, [history], compact)
    _equal(loaded, Loaded(6, 5, [history[2], history[4]]), "after compaction at 5")


def compaction_keeps_live_objects(make: Make) -> None:
    live = [_put(revision, f"live-{revision}") for revision in range(2, 302)]

    def compact(backend: Backend) -> None:
        for revision in (100, 200, 301):
            backend.compact(revision)

    _equal(_reopened(make, [live], compact), Loaded(301, 301, live), "live objects after three compactions")


def compaction_does_not_go_back(make: Make) -> None:
    history = [_put(2, "a"), _put(3, "a", previous=2), _put(4, "a", previous=3)]

    def compact(backend: Backend) -> None:
        backend.compact(3)
        backend.compact(2)
        backend.compact(3)

    _equal(_reopened(make, [history], compact), Loaded(4, 3, history[1:]), "after compacting at 3, 2 and 3 again")


def revision_outlives_its_record(make: Make) -> None:
    def compact(backend: Backend) -> None:
        backend.compact(3)

    loaded = _reopened(make, [[_put(2, "a")], [_gone(3, "a", 2)]], compact)
    _equal(loaded, Loaded(3, 3, []), "the newest revision after its tombstone was compacted")


def recreated_key_survives_compaction(make: Make) -> None:
    history = [_put(2, "a"), _gone(3, "a", 2), _put(4, "a", b"again")]

    def compact(backend: Backend) -> None:
        backend.compact(4)

    _equal(_reopened(make, [history], compact), Loaded(4, 4, history[2:]), "a key created again")


def commits_go_on_after_compaction(make: Make) -> None:
    def go_on(backend: Backend) -> None:
        backend.compact(2)
        backend.commit([_put(4, "b")])

    loaded = _reopened(make, [[_put(2, "a"), _put(3, "c")]], go_on)
    _equal(loaded, Loaded(4, 2, [_put(2, "a"), _put(3, "c"), _put(4, "b")]), "a commit after a compaction")


def size_is_a_number_of_bytes(make: Make) -> None:
    backend = make()
    backend.open()
    before = backend.size()
    backend.commit([_put(2, "a", b"v" * 1_000_000)])
    after = backend.size()
    backend.close()
    if not (before == after == 0 or 0 <= before < after):
        raise NonConforming(f"size() said {before} bytes before a commit of a million bytes, and {after} after it")


def storage_restarts_where_it_stopped(make: Make) -> None:
    """The whole of `Storage` over the backend: writes, a restart, and a watch that resumes across it."""
    seen = asyncio.run(_before_restart(make))
    asyncio.run(_after_restart(make, seen))


async def _before_restart(make: Make) -> int:
    storage = Storage(make())
    cacher = storage.cacher(_PREFIX, _index)
    await storage.start()
    first = await cacher.create(_PREFIX + "ns/a", _object("a"))
    await asyncio.gather(*(cacher.create(f"{_PREFIX}ns/many-{n}", _object(f"many-{n}")) for n in range(300)))
    second = await cacher.update(_PREFIX + "ns/a", _object("a", {"x": "1"}), first)
    await cacher.delete(_PREFIX + "ns/a", second)
    await storage.close()
    return first.revision


async def _after_restart(make: Make, seen: int) -> None:
    storage = Storage(make())
    cacher = storage.cacher(_PREFIX, _index)
    await storage.start()
    try:
        _equal(storage.revision, seen + 302, "the revision after a restart")
        _equal(cacher.count(), 300, "the number of objects after a restart")
        events = await cacher.watch(Predicate(_PREFIX + "ns/a", single=True), revision=seen).batch()
        shown = [(event.type, event.revision) for event in events]
        _equal(shown, [("MODIFIED", seen + 301), ("DELETED", seen + 302)], "the events of a watch resumed")
        item = await cacher.create(_PREFIX + "ns/a", _object("a"))
        _equal(item.revision, seen + 303, "the first revision after a restart")
        try:
            await cacher.create(_PREFIX + "ns/many-7", _object("many-7"))
        except KeyExists:
            return
        raise NonConforming("an object that survived a restart could be created again")
    finally:
        await storage.close()


CHECKS: Final[Sequence[Check]] = (
    fresh_store_is_empty_at_revision_one,
    commits_survive_reopening,
    gaps_between_revisions_are_kept,
    keys_and_sizes_are_not_bounded,
    large_batches_are_one_commit,
    compaction_forgets_what_was_superseded,
    compaction_keeps_live_objects,
    compaction_does_not_go_back,
    revision_outlives_its_record,
    recreated_key_survives_compaction,
    commits_go_on_after_compaction,
    size_is_a_number_of_bytes,
    storage_restarts_where_it_stopped,
)


def _put(revision: int, name: str, value: bytes = b'{"metadata":{}}', *, previous: int = 0) -> Record:
    return Record(revision, _PREFIX + name, value, False, previous)


def _gone(revision: int, name: str, previous: int) -> Record:
    return Record(revision, _PREFIX + name, b"{}", True, previous)


def _reopened(
    make: Make, batches: Iterable[Sequence[Record]], then: Callable[[Backend], None] | None = None
) -> Loaded:
    """What a backend holds when it is opened again after `batches` were committed and `then` was done."""
    backend = make()
    backend.open()
    for batch in batches:
        backend.commit(batch)
    if then is not None:
        then(backend)
    backend.close()
    again = make()
    loaded = again.open()
    again.close()
    return Loaded(loaded.revision, loaded.compacted, list(loaded.records))


def _equal(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise NonConforming(f"{what}: found {_short(found)}, wanted {_short(wanted)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 500 else text[:500] + "…"


def _index(obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    metadata = obj["metadata"]
    return metadata.get("labels") or {}, {"metadata.name": metadata["name"], "metadata.namespace": "ns"}


def _object(name: str, data: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "data": dict(data or {})}
