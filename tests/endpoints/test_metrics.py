"""What the verbs count of bodies and of events sent."""

import contextlib

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints.metrics import WatchMetrics, body_sizes
from pilothouse.endpoints.options import write_options
from pilothouse.observability.metrics import REGISTRY
from tests.observability.support import samples


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
    body_sizes(GroupResource("example.com", "bodies"), "create").observe(60_000)
    labels = 'group="example.com",resource="bodies",verb="create"'
    text = REGISTRY.render().decode()
    assert f'apiserver_request_body_size_bytes_bucket{{{labels},le="50000"}} 0\n' in text
    assert f'apiserver_request_body_size_bytes_bucket{{{labels},le="150000"}} 1\n' in text


def test_a_field_validation_that_is_asked_for_has_a_histogram() -> None:
    name = "field_validation_request_duration_seconds_count"
    for value, shown in (("Ignore", "Ignore"), ("Odd", "invalid")):
        with contextlib.suppress(StatusError):
            write_options(Request("POST", "/api/v1/namespaces/a/pods", f"fieldValidation={value}"), "CreateOptions")
        assert samples()[f'{name}{{field_validation="{shown}"}}'] == 0
    assert samples()[f'{name}{{field_validation=""}}'] == 0
