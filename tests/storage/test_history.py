from pilothouse.storage.history import History
from pilothouse.storage.interface import Event, Item


def _event(revision: int) -> Event:
    return Event(revision, Item("/r/a", revision, b"{}", {}, {}), None, False)


def _history(*revisions: int, capacity: int = 100) -> History:
    history = History(0, capacity)
    for revision in revisions:
        history.append(_event(revision))
    return history


def test_after_finds_the_first_event_past_a_revision() -> None:
    history = _history(2, 5, 9)
    assert [history.after(r) for r in (0, 1, 2, 4, 5, 8, 9, 100)] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert _history().after(3) == 0


def test_forgetting_raises_the_floor_also_between_events() -> None:
    history = _history(2, 5, 9)
    history.forget(6)
    assert (history.floor, [e.revision for e in history.events]) == (6, [9])
    history.forget(3)
    assert history.floor == 6


def test_past_its_capacity_the_oldest_go() -> None:
    history = _history(*range(2, 22), capacity=16)
    assert len(history.events) <= 16
    assert history.events[0].revision == history.floor + 1
    assert history.events[-1].revision == 21
