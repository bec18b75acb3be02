from pilothouse.flowcontrol.dropped import DroppedRequests


def test_retry_after_grows_and_shrinks() -> None:
    now = 1000.0
    dropped = DroppedRequests(lambda: now)
    assert [dropped.record("a") for _ in range(10)] == [1] * 10
    assert dropped.record("b") == 1
    now += 1
    assert dropped.record("a") == 2
    for _ in range(20):
        dropped.record("a")
    now += 2
    assert dropped.record("a") == 4
    for _ in range(10):
        now += 20
        dropped.record("a")
    assert dropped.record("a") == 1


def test_it_does_not_grow_for_ever() -> None:
    now = 0.0
    dropped = DroppedRequests(lambda: now)
    for _ in range(300):
        now += 1
        for _ in range(200):
            seconds = dropped.record("a")
    assert seconds == 32
