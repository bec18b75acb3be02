from tests.flowcontrol.support import Clock

from pilothouse.flowcontrol.concurrency import EXECUTING, READ_ONLY, Concurrency
from pilothouse.observability.metrics import Registry


def test_share_of_the_limit_by_time_and_the_highest_count_since_it_was_asked_for() -> None:
    clock, registry = Clock(), Registry()
    reads = Concurrency(READ_ONLY, EXECUTING, registry, clock)
    reads.bound(10)
    for _ in range(5):
        reads.count.enter(clock())
    for _ in range(4):
        reads.count.leave(clock())
    clock.advance(2)
    assert (reads.watermark(), reads.watermark()) == (5, 1)
    reads.bound(1)
    clock.advance(1)
    reads.count.leave(clock())
    assert (reads.watermark(), reads.watermark()) == (1, 0)
    lines = registry.render().decode().splitlines()
    name = "apiserver_flowcontrol_read_vs_write_current_requests"
    labels = 'phase="executing",request_kind="readOnly"'
    assert f'{name}_bucket{{{labels},le="0.01"}} 0' in lines
    assert f'{name}_bucket{{{labels},le="0.1"}} 2000000000' in lines
    assert f'{name}_bucket{{{labels},le="0.99"}} 2000000000' in lines
    assert f'{name}_count{{{labels}}} 3000000000' in lines
    assert f'{name}_sum{{{labels}}} 1.2e+09' in lines
