"""The bucket."""

from pilothouse.transport.http2.ratelimit import RateLimit


def test_a_burst_and_then_so_many_a_second() -> None:
    limit = RateLimit(3, 2.0, 10.0)
    assert [limit.spend(10.0) for _ in range(4)] == [True, True, True, False]
    assert [limit.spend(10.5) for _ in range(2)] == [True, False]
    assert [limit.spend(100.0) for _ in range(4)] == [True, True, True, False]
