"""How many requests begin in one turn of the loop, and whose."""

from collections.abc import Callable

from pilothouse.flowcontrol.turns import Turns


class Loop:
    """Turns by hand: `run` is one turn of the loop. Requests cost `cost` seconds of a clock that nothing else moves."""

    def __init__(self, cost: float, alone: float = 1.0, shared: float = 1.0) -> None:
        self.cost = cost
        self.now = 100.0
        self.next: list[Callable[[], None]] = []
        self.begun: list[str] = []
        self._woken: list[str] = []
        self.turns = Turns(self.next.append, lambda: self.now, alone, shared)

    def arrive(self, name: str, level: str, seats: int = 1) -> None:
        if self.turns.begins(level):
            self._begin(name)
            return

        def wake() -> bool:
            if name.startswith("gone"):
                return False
            self._woken.append(name)
            return True

        self.turns.wait(level, seats, wake)

    def _begin(self, name: str) -> None:
        self.begun.append(name)
        self.now += self.cost

    def run(self) -> list[str]:
        """What begins in the next turn."""
        self.begun = []
        woken, self._woken = self._woken, []
        for name in woken:
            self._begin(name)
        due, self.next[:] = list(self.next), []
        for function in due:
            function()
        return self.begun


def test_requests_begin_until_the_time_is_over() -> None:
    loop = Loop(cost=0.4)
    for n in range(6):
        loop.arrive(f"r{n}", "low")
    assert loop.begun == ["r0", "r1", "r2"], "the third began after 0.8 of 1.0 seconds"
    order = list(loop.begun)
    while loop.next:
        order += loop.run()
    assert order == [f"r{n}" for n in range(6)]
    loop.arrive("later", "low")
    assert loop.begun[-1:] == ["later"], "when nobody waits the next begins at once"


def test_nobody_overtakes_those_who_wait() -> None:
    loop = Loop(cost=2.0)
    for name in ("a", "b", "c"):
        loop.arrive(name, "low")
    order = list(loop.begun)
    for _ in range(6):
        order += loop.run()
    assert order == ["a", "b", "c"]


def test_levels_take_turns_by_their_seats() -> None:
    loop = Loop(cost=2.0)
    loop.arrive("first", "low")
    for n in range(20):
        loop.arrive(f"low{n}", "low", seats=1)
    for n in range(20):
        loop.arrive(f"high{n}", "high", seats=3)
    order: list[str] = []
    for _ in range(13):
        order += loop.run()
    high = sum(name.startswith("high") for name in order)
    assert len(order) == 12
    assert high in (8, 9), order
    assert [name for name in order if name.startswith("low")] == [f"low{n}" for n in range(12 - high)]


def test_those_who_gave_up_cost_no_turn() -> None:
    loop = Loop(cost=2.0)
    loop.arrive("first", "low")
    for name in ("gone1", "gone2", "second"):
        loop.arrive(name, "low")
    assert (loop.run(), loop.run()) == ([], ["second"])


def test_a_level_that_asks_little_does_not_wait_for_those_that_ask_much() -> None:
    loop = Loop(cost=2.0)
    for n in range(10):
        loop.arrive(f"greedy{n}", "greedy")
    for _ in range(4):
        loop.run()
    loop.begun = []
    loop.arrive("modest", "modest")
    assert loop.begun == ["modest"]
    for n in range(10):
        loop.arrive(f"more{n}", "modest")
    assert loop.begun == ["modest", "more0"], "it has had its part"


def test_turns_are_longer_while_nobody_else_is_there() -> None:
    loop = Loop(cost=0.05, alone=0.5, shared=0.1)
    loop.now += 10
    loop.arrive("alone0", "low")
    loop.now += 1
    loop.run()
    for n in range(20):
        loop.arrive(f"alone{n}", "low")
    assert len(loop.begun) == 11
    while loop.next:
        loop.run()
    loop.turns.seen("exempt")
    loop.begun = []
    for n in range(20):
        loop.arrive(f"shared{n}", "low")
    assert len(loop.begun) == 3
