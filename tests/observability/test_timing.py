from pilothouse.observability.metrics import Registry
from pilothouse.observability.timing import Count, Spells, TimingHistogram, lasted


def test_nanoseconds_are_counted_and_the_help_text_says_that_it_is_experimental() -> None:
    registry = Registry()
    family = registry.define(TimingHistogram("seats", "Seats.", ("level",), buckets=(0.0, 0.5, 1.0)))
    lasted(family.labels("a"), 0, 1e-9)
    lasted(family.labels("a"), 0.5, 0.25)
    lasted(family.labels("a"), 3, 0.000001)
    assert registry.render().decode() == (
        "# HELP seats EXPERIMENTAL: [ALPHA] Seats.\n# TYPE seats histogram\n"
        'seats_bucket{level="a",le="0"} 1\n'
        'seats_bucket{level="a",le="0.5"} 250000001\n'
        'seats_bucket{level="a",le="1"} 250000001\n'
        'seats_bucket{level="a",le="+Inf"} 250001001\n'
        'seats_sum{level="a"} 1.25003e+08\n'
        'seats_count{level="a"} 250001001\n'
    )


def test_spells_add_up_by_value_also_those_that_lasted_no_time() -> None:
    seen: list[dict[int, float]] = []
    spells = Spells(seen.append, 10.0)
    for value, now in ((1, 11.0), (2, 13.0), (1, 13.0), (0, 17.0)):
        spells.set(value, now)
    spells.close(18.0)
    spells.close(20.0)
    assert seen == [{0: 2.0, 1: 6.0, 2: 0.0}, {0: 2.0}]
    assert spells.value == 0


def test_many_values_are_handed_on_before_they_fill_the_memory() -> None:
    seen: list[dict[int, float]] = []
    spells = Spells(seen.append, 0.0)
    for value in range(1, 5000):
        spells.set(value, float(value))
    spells.close(5000.0)
    assert max(map(len, seen)) <= 1024
    assert sum(sum(seconds.values()) for seconds in seen) == 5000


def test_a_count_knows_how_long_there_were_how_many() -> None:
    seen: list[list[float]] = []
    count = Count(seen.append, 10.0)
    for change, now in ((count.enter, 11.0), (count.enter, 13.0), (count.leave, 13.0), (count.enter, 17.0)):
        change(now)
    count.close(18.0)
    count.close(20.0)
    count.leave(21.0)
    count.leave(21.5)
    count.close(22.0)
    assert seen == [[1.0, 6.0, 1.0], [0.0, 0.0, 2.0], [0.5, 0.5, 1.0]]
    assert count.value == 0
