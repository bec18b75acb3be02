import math

import pytest
from tests.observability.support import samples

from pilothouse.observability.metrics import Registry
from pilothouse.observability.summary import Summary, SummarySeries


def test_quantiles_are_those_of_what_was_observed() -> None:
    series = SummarySeries(60.0, 0.0)
    for n in range(1, 1001):
        series.observe(n / 1000, 1.0)
    for rank in (0.5, 0.9, 0.99):
        assert series.quantile(rank) == pytest.approx(rank, rel=0.02)
    assert series.count == 1000
    assert series.sum == pytest.approx(500.5)


def test_what_is_older_than_the_window_counts_no_more() -> None:
    series = SummarySeries(60.0, 0.0)
    series.observe(8.0, 10.0)
    series.observe(1.0, 130.0)
    assert series.quantile(0.99) == pytest.approx(8, rel=0.02)
    series.rotate(310.0)
    assert series.quantile(0.99) == pytest.approx(1, rel=0.02)
    series.rotate(900.0)
    assert math.isnan(series.quantile(0.5))
    assert series.count == 2
    series.observe(0.0, 901.0)
    assert series.quantile(0.5) < 0.000001


def test_the_text_form_and_the_reset() -> None:
    now = [0.0]
    registry = Registry()
    summary = registry.define(Summary("step", "Step.", ("type",), max_age=50.0, clock=lambda: now[0]))
    admit = summary.labels("admit")
    admit.observe(0.25, 0.0)
    text = registry.render().decode()
    assert text.startswith("# HELP step [ALPHA] Step.\n# TYPE step summary\n" 'step{type="admit",quantile="0.5"} 0.2')
    assert 'step{type="admit",quantile="0.99"} 0.2' in text
    assert text.endswith('step_sum{type="admit"} 0.25\nstep_count{type="admit"} 1\n')
    now[0] = 51.0
    assert 'step{type="admit",quantile="0.9"} NaN\n' in registry.render().decode()
    admit.observe(0.25, 51.0)
    registry.reset()
    shown = samples(registry)
    assert shown['step_count{type="admit"}'] == 0
    admit.observe(0.5, 52.0)
    assert samples(registry)['step_sum{type="admit"}'] == 0.5
