import gc
import tracemalloc

import pytest

from pilothouse.storage.interface import Event, Record
from pilothouse.storage.items import ItemMaker, at_revision, make_event, set_revision, shown
from tests.storage.support import index, key, obj


def test_the_revision_stands_where_go_writes_it() -> None:
    made = {"metadata": {"name": "a", "generateName": "g", "namespace": "n", "uid": "u", "generation": 1, "labels": {}}}
    set_revision(made, "5")
    assert list(made["metadata"]) == [
        "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "labels",
    ]
    kept = {"metadata": {"labels": {}, "resourceVersion": "4", "name": "a"}}
    set_revision(kept, "5")
    assert list(kept["metadata"].items()) == [("labels", {}), ("resourceVersion", "5"), ("name", "a")]


def test_items_share_what_they_can() -> None:
    maker = ItemMaker(index)
    first = maker.encode(key("a"), 2, obj("a", labels={"app": "x"}))
    second = maker.encode(key("b"), 3, obj("b", labels={"app": "x"}))
    bare, other = maker.encode(key("c"), 4, obj("c")), maker.encode(key("d"), 5, obj("d"))
    assert first.labels is second.labels
    assert bare.labels is other.labels
    assert first.fields == {"metadata.name": "a", "metadata.namespace": "ns"}


def test_fields_that_the_key_does_not_say_are_kept() -> None:
    fields = {"metadata.name": "a", "metadata.namespace": "ns", "type": "Opaque"}
    assert ItemMaker(lambda o: ({}, fields)).encode(key("a"), 2, obj("a")).fields == fields
    cluster = {"metadata.name": "a"}
    assert ItemMaker(lambda o: ({}, cluster)).encode("/registry/nodes/a", 2, obj("a")).fields == cluster
    elsewhere = {"metadata.name": "a", "metadata.namespace": "other"}
    assert ItemMaker(lambda o: ({}, elsewhere)).encode(key("a"), 2, obj("a")).fields == elsewhere


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b'"text"', b"{}", b'{"metadata":[]}'])
def test_damaged_records_are_named(value: bytes) -> None:
    with pytest.raises(OSError, match=r"the stored object /registry/configmaps/ns/a \(revision 9\) is damaged"):
        ItemMaker(index).load(Record(9, key("a"), value))


def test_a_departure_shows_the_last_match_at_the_events_revision() -> None:
    maker = ItemMaker(index)
    before = maker.encode(key("a"), 2, obj("a", labels={"l": "1"}))
    event = Event(3, maker.encode(key("a"), 3, obj("a")), before, False)
    departure = shown(event, "DELETED")
    assert departure.item is not None
    assert (departure.item.revision, departure.item.labels) == (3, {"l": "1"})
    assert departure.item.body == at_revision(before, 3).body
    assert shown(event, "DELETED") is departure
    assert shown(event, "MODIFIED").item is event.item


def test_bodies_are_what_go_would_write() -> None:
    item = ItemMaker(index).encode(key("a"), 2, obj("a", x="<a&b>\u2028é\x01\n"))
    assert item.body.endswith(b'"data":{"x":"\\u003ca\\u0026b\\u003e\\u2028\xc3\xa9\\u0001\\n"}}')


def test_the_collector_does_not_look_at_what_is_stored_and_it_is_freed_all_the_same() -> None:
    body = "v" * 100_000

    def kept() -> Event:
        maker = ItemMaker(index)
        before = maker.encode(key("a"), 2, obj("a", x=body))
        return make_event(3, maker.encode(key("a"), 3, obj("a", x=body)), before, False)

    event = kept()
    assert not gc.is_tracked(event)
    assert not gc.is_tracked(event.item)
    shown(event, "MODIFIED")
    tracemalloc.start()
    events = [kept() for _ in range(20)]
    assert tracemalloc.get_traced_memory()[0] > 2_000_000
    del events
    gc.collect()
    assert tracemalloc.get_traced_memory()[0] < 200_000
    tracemalloc.stop()


def test_bodies_are_no_larger_than_they_look() -> None:
    tracemalloc.start()
    maker = ItemMaker(index)
    items = [maker.encode(key("a"), n, obj("a", x="v" * 1000)) for n in range(100)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1.5 * sum(len(item.body) for item in items)
