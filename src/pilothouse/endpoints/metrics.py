"""What the verbs count (upstream: endpoints/metrics/metrics.go, endpoints/handlers/metrics)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.observability.metrics import ALPHA, BETA, REGISTRY, HistogramSeries

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupResource

_BODY_BUCKETS = tuple(50_000.0 + max(0, n) * 100_000.0 for n in range(31))
_VALIDATION_BUCKETS = (
    0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
)
_EVENT_BUCKETS = tuple(1024.0 * 2**n for n in range(8))
_WATCH_LIST_BUCKETS = (
    0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
)

_bodies = REGISTRY.histogram(
    "apiserver_request_body_size_bytes", "Apiserver request body size in bytes broken out by resource and verb.",
    ("group", "resource", "verb"), ALPHA, _BODY_BUCKETS,
)
_events = REGISTRY.counter(
    "apiserver_watch_events_total", "Number of events sent in watch clients", ("group", "version", "resource")
)
_event_sizes = REGISTRY.histogram(
    "apiserver_watch_events_sizes", "Watch event size distribution in bytes", ("group", "version", "resource"),
    ALPHA, _EVENT_BUCKETS,
)
_watch_lists = REGISTRY.histogram(
    "apiserver_watch_list_duration_seconds",
    "Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.",
    ("group", "version", "resource", "scope"), BETA, _WATCH_LIST_BUCKETS,
)
_validations = REGISTRY.histogram(
    "field_validation_request_duration_seconds",
    "Response latency distribution in seconds for each field validation value", ("field_validation",), ALPHA,
    _VALIDATION_BUCKETS,
)
#: What requests ask for that name none.
_validations.labels("")
_without_peers = REGISTRY.counter(
    "aggregator_discovery_nopeer_requests_total",
    "Counter of number of times no-peer (non peer-aggregated) discovery was requested",
)


def name_field_validation(value: str) -> None:
    """A request has asked for this field validation. Upstream makes a histogram for it, and never observes a request
    (metrics.go, MonitorRequest): kept."""
    _validations.labels(value)


def discovered_without_peers() -> None:
    _without_peers.inc()


def body_sizes(resource: GroupResource, verb: str) -> HistogramSeries:
    """Bytes of the bodies that were read; `verb` is "create", "update", "patch" or "delete"."""
    return _bodies.labels(resource.group, resource.resource, verb)


class WatchMetrics:
    """Counts what is sent to the watches of one endpoint."""

    __slots__ = ("_events", "_labels", "_sizes")

    def __init__(self, group: str, version: str, resource: str) -> None:
        self._labels = (group, version, resource)
        self._events = _events.labels(*self._labels)
        self._sizes = _event_sizes.labels(*self._labels)

    def sent(self, frames: Sequence[bytes]) -> None:
        """One frame for each event."""
        self._events.value += len(frames)
        for frame in frames:
            self._sizes.observe(len(frame))

    def listed(self, scope: str, seconds: float) -> None:
        """A watch that began with a list has sent all of it."""
        _watch_lists.labels(*self._labels, scope).observe(seconds)
