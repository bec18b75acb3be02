from hypothesis import given
from hypothesis import strategies as st

from pilothouse.storage.interface import Item, Predicate
from pilothouse.storage.ordered import Ordered

_KEYS = st.sampled_from([f"/r/{ns}/{name}" for ns in ("a", "a-", "b") for name in "pqrstuvwxyz"])
_PREDICATES = st.sampled_from([
    Predicate("/r/"), Predicate("/r/a/"), Predicate("/r/a-/"), Predicate("/r/a/y", single=True), Predicate("/s/"),
])


def _item(key: str, revision: int = 1) -> Item:
    return Item(key, revision, b"{}", {}, {})


@given(
    st.lists(_KEYS, unique=True), st.lists(st.tuples(_KEYS, st.booleans()), max_size=60), _PREDICATES,
    st.integers(0, 8), st.just("") | _KEYS, st.integers(1, 4),
)
def test_ordered_is_a_sorted_mapping(
    there: list[str], steps: list[tuple[str, bool]], predicate: Predicate, limit: int, start_after: str, chunk: int
) -> None:
    model = {key: _item(key) for key in there}
    ordered = Ordered(list(model.values()), chunk)
    for revision, (key, put) in enumerate(steps):
        if put:
            model[key] = _item(key, revision)
            ordered.put(model[key])
        else:
            model.pop(key, None)
            ordered.remove(key)
    assert list(ordered) == [model[key] for key in sorted(model)]
    wanted = [model[key] for key in sorted(model) if predicate.covers(key) and key > start_after]
    assert ordered.select(predicate, start_after) == (wanted, len(wanted))
    assert ordered.select(predicate, start_after, limit) == (wanted[: limit or None], len(wanted))


def test_key_order_is_byte_order() -> None:
    keys = ["/r/é", "/r/z", "/r/\U0001f6a2", "/r/\uffff", "/r/Z", "/r/a/b", "/r/a-b"]
    assert [item.key for item in Ordered([_item(key) for key in keys])] == sorted(keys, key=str.encode)
