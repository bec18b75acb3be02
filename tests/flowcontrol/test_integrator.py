from tests.flowcontrol.support import Clock

from pilothouse.flowcontrol.integrator import Integrator


def test_average_and_spread() -> None:
    clock = Clock()
    integrator = Integrator(clock)
    integrator.set(4, clock())
    clock.advance(1)
    integrator.set(0, clock())
    clock.advance(3)
    seen = integrator.reset()
    assert (seen.duration, seen.average, seen.low, seen.high) == (4, 1, 0, 4)
    assert abs(seen.deviation - 3 ** 0.5) < 1e-9
    clock.advance(2)
    seen = integrator.reset()
    assert (seen.average, seen.deviation, seen.high) == (0, 0, 0)
    assert integrator.reset().duration == 0
