from pilothouse.apimachinery.expiring import Expiring


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_entries_die_of_age() -> None:
    clock = Clock()
    cache: Expiring[str, int] = Expiring(10, clock)
    cache.set("a", 1, 5)
    assert (cache.get("a"), cache.get("b")) == (1, None)
    clock.now = 5
    assert cache.get("a") is None
    assert len(cache) == 0


def test_the_dead_and_then_the_oldest_make_room() -> None:
    clock = Clock()
    cache: Expiring[str, int] = Expiring(2, clock)
    cache.set("a", 1, 100)
    cache.set("b", 2, 5)
    clock.now = 6
    cache.set("c", 3, 5)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    cache.set("a", 4, 5)
    cache.set("d", 5, 5)
    assert (cache.get("c"), cache.get("a"), cache.get("d")) == (None, 4, 5)
    cache.clear()
    assert len(cache) == 0
