from tests.flowcontrol.support import Clock

from pilothouse.flowcontrol.metrics import FlowControlMetrics, LevelMetrics
from pilothouse.flowcontrol.usage import Usage
from pilothouse.flowcontrol.work import USE_BITS, Work
from pilothouse.observability.metrics import Registry


def new_usage(clock: Clock) -> tuple[Usage, Registry]:
    registry = Registry()
    return Usage(clock, LevelMetrics(FlowControlMetrics(registry), "global")), registry


def test_average_and_spread_of_demand() -> None:
    clock = Clock()
    usage, _ = new_usage(clock)
    usage.spells.set(Work(initial_seats=3).use + (Work().use << 2 * USE_BITS), clock())
    clock.advance(1)
    usage.spells.set(0, clock())
    clock.advance(3)
    seen = usage.reset()
    assert (seen.duration, seen.average, seen.high) == (4, 1, 4)
    assert abs(seen.deviation - 3 ** 0.5) < 1e-9
    clock.advance(2)
    seen = usage.reset()
    assert (seen.average, seen.deviation, seen.high) == (0, 0, 0)
    assert usage.reset().duration == 0


def test_what_lasts_over_a_reset_counts_for_both_periods() -> None:
    clock = Clock()
    usage, _ = new_usage(clock)
    usage.spells.set(Work(initial_seats=7).use, clock())
    usage.spells.set(Work(initial_seats=5).use, clock())
    assert usage.reset().high == 7
    clock.advance(2)
    usage.spells.set(0, clock())
    seen = usage.reset()
    assert (seen.high, seen.average) == (5, 5)


def test_histograms_of_requests_and_seats_by_what_there_was_at_the_time() -> None:
    clock = Clock()
    usage, registry = new_usage(clock)
    usage.bound(4, 200)
    running, waiting = Work(initial_seats=2), Work(initial_seats=3)
    usage.spells.set(running.use + 2 * waiting.use * (1 << 2 * USE_BITS), clock())
    clock.advance(1)
    usage.bound(8, 200)
    clock.advance(0.5)
    usage.spells.set(0, clock())
    usage.collect()
    lines = registry.render().decode().splitlines()
    prefix = "apiserver_flowcontrol_"
    for line in (
        # a second at (2 + 6) / 4, half a second at 8 / 8
        'demand_seats_bucket{priority_level="global",le="0.8"} 0',
        'demand_seats_bucket{priority_level="global",le="1"} 500000000',
        'demand_seats_bucket{priority_level="global",le="2"} 1500000000',
        'demand_seats_sum{priority_level="global"} 2.5e+09',
        'demand_seats_count{priority_level="global"} 1500000000',
        'priority_level_seat_utilization_bucket{phase="executing",priority_level="global",le="0.3"} 500000000',
        'priority_level_seat_utilization_bucket{phase="executing",priority_level="global",le="0.5"} 1500000000',
        'priority_level_request_utilization_bucket{phase="executing",priority_level="global",le="0.1"} 0',
        'priority_level_request_utilization_bucket{phase="executing",priority_level="global",le="0.25"} 1500000000',
        'priority_level_request_utilization_bucket{phase="waiting",priority_level="global",le="0.003"} 0',
        'priority_level_request_utilization_bucket{phase="waiting",priority_level="global",le="0.01"} 1500000000',
    ):
        assert prefix + line in lines, line
