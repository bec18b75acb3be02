"""Times by phase (upstream: endpoints/filters/webhook_duration.go, WithLatencyTrackers).

`Context.track` makes the trackers when the first phase is noted, so a request that is never slow for a
reason of its own costs nothing here: the filter keeps its place in the order and no more.
"""

from pilothouse.apimachinery.http import Handler


def with_latency_trackers(handler: Handler) -> Handler:
    return handler
