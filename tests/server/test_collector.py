import gc
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
    monkeypatch.setattr(gc, "get_count", lambda: (collector.FEW, 0, 0))
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
