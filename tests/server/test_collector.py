import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from pilothouse.server import collector
from pilothouse.server.collector import Collector


class Timers:
    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], object]]] = []

    def call_later(self, delay: float, callback: Callable[[], object]) -> object:
        self.due.append((delay, callback))
        return None

    def tick(self) -> None:
        (delay, callback), = self.due
        assert delay == collector.TICK_SECONDS
        self.due.clear()
        callback()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    monkeypatch.setattr(gc, "freeze", lambda: seen.append("freeze"))
    monkeypatch.setattr(gc, "collect", lambda generation=2: seen.append(f"collect {generation}"))
    monkeypatch.setattr(gc, "unfreeze", lambda: seen.append("unfreeze"))
    monkeypatch.setattr(gc, "get_count", lambda: (collector.FEW, 0, 0))
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 1000)
    monkeypatch.setattr(gc, "get_objects", lambda generation: [])
    before = gc.get_threshold()
    yield seen
    gc.set_threshold(*before)


def test_looks_are_by_the_clock(looks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    timers = Timers()
    Collector(timers).start()
    assert looks == ["freeze"]
    assert gc.get_threshold()[0] == collector.MANY
    timers.tick()
    assert looks == ["freeze"], "too few to look"
    monkeypatch.setattr(gc, "get_count", lambda: (collector.FEW + 1, 0, 0))
    timers.tick()
    assert looks == ["freeze", "collect 0"]


def test_older_ones_are_looked_through_more_rarely_and_what_stays_never_again(looks: list[str]) -> None:
    timers = Timers()
    Collector(timers).start()
    for _ in range(2 * collector.OLD_EVERY):
        timers.tick()
    assert looks.count("collect 2") == 1
    assert looks.count("collect 1") == 2 * collector.OLD_EVERY // collector.MIDDLE_EVERY - 3
    assert looks.count("freeze") == 3


def test_a_look_waits_for_large_documents_but_not_for_ever(
    looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = Timers()
    Collector(timers).start()
    monkeypatch.setattr(gc, "get_count", lambda: (collector.LARGE + 1, 0, 0))
    for _ in range(collector.PATIENCE):
        timers.tick()
    assert looks == ["freeze"]
    timers.tick()
    assert looks == ["freeze", "collect 0"]


def test_a_look_that_waited_is_made_up_for(looks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    timers = Timers()
    Collector(timers).start()
    for tick in range(1, 2 * collector.MIDDLE_EVERY + 2):
        new = collector.LARGE + 1 if tick == 2 * collector.MIDDLE_EVERY else 0
        monkeypatch.setattr(gc, "get_count", lambda new=new: (new, 0, 0))
        timers.tick()
    assert looks == ["freeze", "freeze", "collect 1"]


def test_what_has_come_to_stay_goes_out_of_sight_until_that_has_doubled(
    looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = Timers()
    Collector(timers).start()
    monkeypatch.setattr(gc, "get_objects", lambda generation: [None] * (collector.OLD_MANY + 1))
    for _ in range(collector.EVERYTHING_EVERY - 1):
        timers.tick()
    assert "collect 2" not in looks
    assert looks.count("freeze") == 1 + 3 + collector.EVERYTHING_EVERY // collector.OLD_EVERY - 3
    looks.clear()
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 2001)
    timers.tick()
    assert looks == ["unfreeze", "collect 2", "freeze"]
    looks.clear()
    for _ in range(collector.OLD_EVERY):
        timers.tick()
    assert looks[-2:] == ["collect 1", "freeze"]


def test_cycles_are_found_whatever_stays() -> None:
    """For real: a cycle that ends young, and one that ends when it is out of sight."""
    class Node:
        other: "Node"

    def cycle() -> "weakref.ref[Node]":
        node = Node()
        node.other = node
        return weakref.ref(node)

    held = Node()
    held.other = held
    late = weakref.ref(held)
    timers, before = Timers(), gc.get_threshold()
    try:
        Collector(timers).start()
        early = cycle()
        for _ in range(collector.MIDDLE_EVERY - 1):
            timers.tick()
        gc.collect(1)
        assert early() is None
        del held
        gc.unfreeze()
        gc.collect()
        assert late() is None
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
