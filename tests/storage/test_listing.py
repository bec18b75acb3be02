import asyncio
import time
from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.storage.interface import Event, Item, Page, Predicate
from pilothouse.storage.listing import at_once, by_turns, newest_page, older_page
from pilothouse.storage.ordered import Ordered
from tests.storage.support import Equals

_KEYS = st.sampled_from([f"/r/{ns}/{name}" for ns in ("a", "a-", "b") for name in ("x", "y", "z")])
_PREDICATES = st.sampled_from([
    Predicate("/r/"), Predicate("/r/a/"), Predicate("/r/a/y", single=True), Predicate("/r/", labels=Equals("l", "1")),
    Predicate("/r/", fields=Equals("f", "0")), Predicate("/r/a/", labels=Equals("l", "0"), fields=Equals("f", "1")),
])


def _item(key: str, revision: int = 1) -> Item:
    return Item(key, revision, b"{}", {"l": str(revision % 2)}, {"f": str(revision // 2 % 2)})


@given(
    st.lists(st.tuples(_KEYS, st.booleans())), st.integers(0, 20), _PREDICATES, st.integers(0, 4), st.just("") | _KEYS
)
def test_an_older_page_is_the_page_of_that_time(
    steps: list[tuple[str, bool]], back: int, predicate: Predicate, limit: int, start_after: str
) -> None:
    ordered, events, then = Ordered(), [], None
    moment = max(0, len(steps) - back)
    state: dict[str, Item] = {}
    for revision, (key, put) in enumerate(steps):
        if revision == moment:
            then = at_once(newest_page(ordered, predicate, limit, start_after, 7))
            events = []
        item, previous = _item(key, revision), state.pop(key, None)
        if put:
            state[key] = item
            ordered.put(item)
        else:
            ordered.remove(key)
        if put or previous:
            events.append(Event(revision, item, previous, not put))
    if then is not None:
        assert at_once(older_page(ordered, events, predicate, limit, start_after, 7)) == then


def test_scans_give_way_to_the_loop() -> None:
    turns = 0

    def slow() -> Generator[None, None, Page]:
        for _ in range(4):
            until = time.perf_counter() + 0.0025
            while time.perf_counter() < until:
                pass
            yield
        return Page([], 1, False, 0, 0)

    async def ticker() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def run() -> None:
        task = asyncio.ensure_future(ticker())
        await by_turns(slow())
        task.cancel()

    asyncio.run(run())
    assert turns >= 3


@given(_PREDICATES, st.integers(0, 3), st.booleans())
def test_selected_pages_are_what_a_plain_filter_finds(predicate: Predicate, pages: int, shared: bool) -> None:
    mappings = [{"l": "0"}, {"l": "1"}]
    items = [
        Item(f"/r/{'ab'[n % 2]}/{n:05}", n, b"{}", mappings[n % 2] if shared else {"l": str(n % 2)}, {"f": str(n % 3)})
        for n in range(1500)
    ]
    ordered = Ordered(items)
    wanted = [item for item in ordered if predicate.matches(item)]
    in_scope = [item for item in ordered if predicate.covers(item.key)]
    limit = len(wanted) // pages if pages else 0
    page = at_once(newest_page(ordered, predicate, limit, "", 7))
    assert page.items == (wanted[:limit] if limit else wanted)
    after = [item for item in in_scope if page.items and item.key > page.items[-1].key]
    if limit:
        assert (page.more, page.remaining) == (bool(after), len(after))
    else:
        assert not page.more
