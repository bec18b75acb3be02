"""What the verbs count of bodies and of events sent."""

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.endpoints.metrics import WatchMetrics, record_body
from pilothouse.observability.metrics import REGISTRY


def test_each_event_is_counted_with_its_size() -> None:
    metrics = WatchMetrics("example.com", "v1", "counted")
    metrics.sent([b"x" * 100, b"x" * 2000])
    metrics.listed("namespace", 0.3)
    text = REGISTRY.render().decode()
    labels = 'group="example.com",resource="counted",version="v1"'
    assert f"apiserver_watch_events_total{{{labels}}} 2\n" in text
    assert f'apiserver_watch_events_sizes_bucket{{{labels},le="1024"}} 1\n' in text
    assert f"apiserver_watch_events_sizes_sum{{{labels}}} 2100\n" in text
    scoped = 'group="example.com",resource="counted",scope="namespace",version="v1"'
    assert f"apiserver_watch_list_duration_seconds_count{{{scoped}}} 1\n" in text


def test_bodies_are_counted_by_verb() -> None:
    record_body(GroupResource("example.com", "bodies"), "create", 60_000)
    labels = 'group="example.com",resource="bodies",verb="create"'
    text = REGISTRY.render().decode()
    assert f'apiserver_request_body_size_bytes_bucket{{{labels},le="50000"}} 0\n' in text
    assert f'apiserver_request_body_size_bytes_bucket{{{labels},le="150000"}} 1\n' in text
