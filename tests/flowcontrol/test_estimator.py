import pytest
from tests.flowcontrol.support import Clock, controller, info, request

from pilothouse.flowcontrol.estimator import WatchTracker, WorkEstimator
from pilothouse.flowcontrol.work import ONE_SEAT, Work

PODS = "/api/v1/namespaces/ns/pods"


def estimate(method: str, url: str, stats: tuple[int, int] | None = (1000, 1000), watches: int = 0) -> Work:
    flow, _ = controller(Clock())
    tracker = WatchTracker()
    for _ in range(watches):
        tracker.register(info("GET", f"{PODS}?watch=true"))
    made = request(method, url)
    found = flow.classify(made.context.user, made.context.request_info)
    return WorkEstimator(lambda group, resource: stats, tracker).estimate(made, found)


@pytest.mark.parametrize(
    ("url", "stats", "seats"),
    [
        (PODS, (1000, 1000), 10), (PODS, (10, 1000), 1), (PODS, (0, 0), 1), (PODS, None, 1),
        (f"{PODS}?limit=100", (1000, 1000), 1), (f"{PODS}?limit=0", (1000, 1000), 10),
        (f"{PODS}?limit={'9' * 30}", (1000, 1000), 10), (f"{PODS}?limit=x", (1000, 1000), 10),
        (f"{PODS}?fieldSelector=metadata.name%3Dx", (1000, 1000), 1),
        (f"{PODS}?watch=true", (1000, 1000), 10), (f"{PODS}?watch=true&resourceVersion=7", (1000, 1000), 1),
        (f"{PODS}?watch=true&resourceVersion=7&sendInitialEvents=true", (1000, 1000), 10),
    ],
)
def test_reads(url: str, stats: tuple[int, int] | None, seats: int) -> None:
    assert estimate("GET", url, stats) == Work(seats)


def test_changes_count_their_watchers() -> None:
    assert estimate("POST", PODS, watches=9) == ONE_SEAT
    assert estimate("POST", PODS, watches=25) == Work(1, 3, 0.005)
    work = estimate("PUT", f"{PODS}/p", watches=400)
    assert (work.initial_seats, work.final_seats) == (1, 10)
    assert work.linger == pytest.approx(0.02)
    assert estimate("POST", "/api/v1/namespaces/ns/serviceaccounts/a/token", watches=100) == ONE_SEAT
    assert estimate("GET", f"{PODS}/p", watches=100) == ONE_SEAT


def test_watches_by_what_they_are_about() -> None:
    tracker = WatchTracker()
    forget = [tracker.register(info("GET", f"/api/v1/{url}watch=true")) for url in (
        "pods?", "namespaces/ns/pods?", "namespaces/other/pods?",
        "namespaces/ns/pods?fieldSelector=metadata.name%3Dp&", "services?",
    )]
    assert tracker.interested(info("PUT", f"{PODS}/p")) == 3
    assert tracker.interested(info("PUT", f"{PODS}/q")) == 2
    assert tracker.interested(info("POST", PODS)) == 2
    for one in forget:
        one()
    assert tracker.interested(info("PUT", f"{PODS}/p")) == 0
