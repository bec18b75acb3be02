"""Fair queuing, with a clock that the tests move."""

import random

from tests.flowcontrol.support import Level

from pilothouse.flowcontrol.queueset import EXEMPT, UNQUEUED, Ticket
from pilothouse.flowcontrol.work import Work


def test_what_fits_runs_and_the_rest_waits_in_turn() -> None:
    level = Level(1, 2)
    a, b, c, d = (level.start() for _ in range(4))
    assert [t.executing for t in (a, b, c, d)] == [True, True, False, False]
    dispatched: list[str] = []
    c.notify = lambda: dispatched.append("c")
    d.notify = lambda: dispatched.append("d")
    level.clock.advance(0.1)
    level.set.finish(a)
    assert dispatched == ["c"]
    level.set.finish(b)
    level.set.finish(c)
    assert dispatched == ["c", "d"]
    level.set.finish(d)
    assert level.set.idle
    assert (level.set.seats, level.set.waiting_seats) == (0, 0)


def test_full_queues_refuse() -> None:
    level = Level(1, 1, length=2)
    for _ in range(3):
        level.start()
    assert level.refused() == "queue-full"
    assert level.set.rejected == 1


def test_levels_without_queues() -> None:
    level = Level(UNQUEUED, 2)
    a = level.start()
    assert level.refused(work=Work(2)) == "concurrency-limit"
    b = level.start()
    assert level.refused() == "concurrency-limit"
    level.set.finish(a)
    level.set.finish(b)
    # one that is larger than the level runs alone
    assert level.start(work=Work(9)).executing
    assert level.refused() == "concurrency-limit"


def test_exempt_levels_take_everything() -> None:
    level = Level(EXEMPT, 0)
    tickets = [level.start(work=Work(100)) for _ in range(100)]
    assert all(t.executing for t in tickets)
    for ticket in tickets:
        level.set.finish(ticket)
    assert level.set.idle


def test_who_gives_up_waits_no_longer() -> None:
    level = Level(1, 1)
    a, b, c = (level.start() for _ in range(3))
    assert level.set.cancel(b)
    assert not level.set.cancel(a)
    level.set.finish(a)
    assert c.executing
    assert level.set.timed_out == 1
    level.set.finish(c)
    assert level.set.idle
    assert 'current_inqueue_requests{flow_schema="flow-0",priority_level="level"} 0' in level.registry.render().decode()


def test_seats_linger_for_the_watchers() -> None:
    level = Level(1, 4)
    a = level.start(work=Work(1, 3, 2.0))
    b = level.start(work=Work(2))
    assert (a.executing, b.executing) == (True, False)
    level.set.finish(a)
    assert not b.executing
    level.clock.advance(1.9)
    assert not b.executing
    level.clock.advance(0.2)
    assert b.executing
    assert level.set.seats == 2


def test_more_final_seats_than_there_are_take_longer_instead() -> None:
    level = Level(1, 2)
    a = level.start(work=Work(1, 8, 1.0))
    assert (a.work.final_seats, a.work.linger) == (2, 4.0)


def test_a_wide_request_waits_until_it_fits() -> None:
    level = Level(1, 4)
    narrow = [level.start() for _ in range(3)]
    wide = level.start(work=Work(3))
    assert not wide.executing
    level.set.finish(narrow[0])
    assert not wide.executing
    level.set.finish(narrow[1])
    assert wide.executing


def simulate(level: Level, flows: dict[int, int], seconds: float, each: float) -> dict[int, int]:
    """Keep so many requests of each flow around, each taking `each` seconds; how many were served."""
    served = dict.fromkeys(flows, 0)
    running: list[tuple[float, Ticket, int]] = []
    pending: list[tuple[Ticket, int]] = []

    def fill() -> None:
        for flow, count in flows.items():
            while sum(1 for _, _, f in running if f == flow) + sum(1 for _, f in pending if f == flow) < count:
                pending.append((level.start(flow), flow))
        for ticket, flow in list(pending):
            if ticket.executing:
                pending.remove((ticket, flow))
                running.append((level.clock.now + each, ticket, flow))

    until = level.clock.now + seconds
    fill()
    while level.clock.now < until:
        running.sort(key=lambda entry: entry[0])
        at, ticket, flow = running.pop(0)
        level.clock.advance(at - level.clock.now)
        level.set.finish(ticket)
        served[flow] += 1
        fill()
    for ticket, _ in pending:
        level.set.cancel(ticket)
    for _, ticket, _ in running:
        level.set.finish(ticket)
    return served


def test_a_greedy_flow_waits_behind_itself() -> None:
    level = Level(2, 4, length=1000)
    served = simulate(level, {0: 100, 1: 2}, seconds=20.0, each=0.1)
    # four seats: the modest flow wants two of them, and has them but for the moments between its requests
    assert served[1] >= 0.75 * 20 / 0.1 * 2
    assert served[0] >= 0.9 * 20 / 0.1 * 2


def test_two_greedy_flows_share() -> None:
    level = Level(2, 5, length=1000)
    served = simulate(level, {0: 60, 1: 20}, seconds=20.0, each=0.05)
    assert abs(served[0] - served[1]) <= 0.05 * served[0]
    assert sum(served.values()) >= 0.98 * 20 / 0.05 * 5


def test_a_flow_of_long_requests_does_not_win() -> None:
    level = Level(2, 2, length=1000)
    clock, used = level.clock, {0: 0.0, 1: 0.0}
    rng = random.Random(7)
    waiting = {flow: [level.start(flow) for _ in range(20)] for flow in used}
    running: list[tuple[float, int, Ticket]] = []
    for _ in range(3000):
        for flow, tickets in waiting.items():
            for ticket in [t for t in tickets if t.executing]:
                tickets.remove(ticket)
                length = (0.1 if flow else 0.01) * rng.uniform(0.8, 1.2)
                used[flow] += length
                running.append((clock.now + length, flow, ticket))
            while len(tickets) < 20:
                tickets.append(level.start(flow))
        running.sort(key=lambda entry: entry[0])
        at, _, ticket = running.pop(0)
        clock.advance(at - clock.now)
        level.set.finish(ticket)
    assert abs(used[0] - used[1]) <= 0.1 * used[0]


def test_idle_flows_save_nothing_up() -> None:
    level = Level(2, 1, length=1000)
    simulate(level, {0: 5}, seconds=50.0, each=0.1)
    served = simulate(level, {0: 50, 1: 50}, seconds=10.0, each=0.1)
    assert abs(served[0] - served[1]) <= 8


def test_a_hand_of_queues_keeps_flows_apart() -> None:
    level = Level(16, 4, length=1000, hand=4)
    # the flood has four queues, the other flow one that it does not: a fifth of the seats
    served = simulate(level, {0: 200, 5: 2}, seconds=10.0, each=0.1)
    assert served[5] >= 0.9 * 10 / 0.1 * 4 / 5


def test_fewer_queues_go_when_they_are_empty() -> None:
    level = Level(4, 1)
    tickets = [level.start(flow) for flow in (3, 3, 2, 0)]
    level.set.configure(2, 50, 1, 1)
    assert len(level.set.queues) == 4
    while (running := next((t for t in tickets if t.executing), None)) is not None:
        tickets.remove(running)
        level.set.finish(running)
    assert tickets == []
    assert [queue.index for queue in level.set.queues] == [0, 1]
    assert level.start(1).executing


def test_a_higher_limit_counts_at_once() -> None:
    level = Level(1, 1)
    tickets = [level.start() for _ in range(3)]
    level.set.configure(1, 50, 1, 3)
    assert all(t.executing for t in tickets)
    level.set.configure(UNQUEUED, 0, 1, 3)
    for ticket in tickets:
        level.set.finish(ticket)
    assert level.set.queues == []
    assert level.set.idle


def test_demand_is_followed() -> None:
    level = Level(1, 1)
    for _ in range(3):
        level.start()
    level.clock.advance(1)
    assert level.usage.reset().high == 3


def test_levels_of_ten_million_queues_have_fewer() -> None:
    level = Level(10_000_000, 1)
    assert len(level.set.queues) == level.set.wanted_queues == 1024
