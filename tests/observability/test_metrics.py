import asyncio
import math

import pytest

from pilothouse.observability.metrics import STABLE, Registry, go_float


def test_counter_is_rendered_with_sorted_labels_and_stability() -> None:
    registry = Registry()
    requests = registry.counter("apiserver_request_total", "Counter of requests.", ("verb", "code"), STABLE)
    requests.inc("GET", "200")
    requests.labels("GET", "200").value += 1
    requests.inc('a"\\\nb', "404")
    assert registry.render().decode() == (
        "# HELP apiserver_request_total [STABLE] Counter of requests.\n"
        "# TYPE apiserver_request_total counter\n"
        'apiserver_request_total{code="200",verb="GET"} 2\n'
        'apiserver_request_total{code="404",verb="a\\"\\\\\\nb"} 1\n'
    )


def test_metric_without_labels_is_there_from_the_start_and_with_labels_when_first_used() -> None:
    registry = Registry()
    registry.counter("plain_total", "Plain.")
    registry.counter("labelled_total", "Labelled.", ("a",))
    text = registry.render().decode()
    assert text == "# HELP plain_total [ALPHA] Plain.\n# TYPE plain_total counter\nplain_total 0\n"


def test_histogram_buckets_are_inclusive_and_cumulative() -> None:
    registry = Registry()
    seconds = registry.histogram("seconds", "Time.", ("verb",), "", buckets=(0.1, 1.0, 1e6))
    for value in (0.1, 0.5, 2.0, 2e6):
        seconds.observe(value, "GET")
    assert registry.render().decode() == (
        "# HELP seconds Time.\n# TYPE seconds histogram\n"
        'seconds_bucket{verb="GET",le="0.1"} 1\n'
        'seconds_bucket{verb="GET",le="1"} 2\n'
        'seconds_bucket{verb="GET",le="1e+06"} 3\n'
        'seconds_bucket{verb="GET",le="+Inf"} 4\n'
        'seconds_sum{verb="GET"} 2.0000026e+06\n'
        'seconds_count{verb="GET"} 4\n'
    )


def test_collectors_run_before_each_scrape() -> None:
    registry = Registry()
    gauge = registry.gauge("size", "Size.")
    sizes = iter((3.0, 4.0))

    def collect() -> None:
        gauge.set(next(sizes))

    registry.add_collector(collect)
    assert b"\nsize 3\n" in registry.render()
    assert b"\nsize 4\n" in registry.render()
    registry.remove_collector(collect)
    assert b"\nsize 4\n" in registry.render()


def test_reset_clears_counts_and_keeps_states() -> None:
    registry = Registry()
    counter, gauge = registry.counter("c", "C."), registry.gauge("g", "G.")
    histogram = registry.histogram("h", "H.", buckets=(1.0,))
    counter.inc()
    gauge.set(7)
    histogram.observe(0.5)
    registry.reset()
    text = registry.render().decode()
    assert "\nc 0\n" in text
    assert "\ng 7\n" in text
    assert "h_count 0\n" in text
    assert "h_sum 0\n" in text


def test_second_definition_gives_the_first_and_must_agree() -> None:
    registry = Registry()
    first = registry.counter("c", "C.", ("a",))
    assert registry.counter("c", "C.", ("a",)) is first
    with pytest.raises(ValueError, match="already defined"):
        registry.gauge("c", "C.", ("a",))
    with pytest.raises(ValueError, match="already defined"):
        registry.counter("c", "C.", ("b",))
    with pytest.raises(ValueError, match="has labels"):
        first.labels("x", "y")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1, "1"), (-2.5, "-2.5"), (0.005, "0.005"), (1e-4, "0.0001"), (1.5e-5, "1.5e-05"),
        (999999, "999999"), (1e6, "1e+06"), (123456789, "1.23456789e+08"), (12345678.9, "1.23456789e+07"),
        (1e22, "1e+22"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert go_float(value) == text


def test_a_long_text_gives_way_to_others() -> None:
    registry = Registry()
    many = registry.histogram("seconds", "Time.", ("n",))
    for n in range(3000):
        many.observe(0.1, str(n))

    async def run() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        assert await registry.render_by_turns() == registry.render()
        assert turns > 1
        counting.cancel()

    asyncio.run(run())
