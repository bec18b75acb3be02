"""What a work queue has to do, and how long it takes (upstream: component-base/metrics/prometheus/workqueue)."""

from collections.abc import Hashable
from time import monotonic

from pilothouse.observability.metrics import BETA, REGISTRY, Registry

_BUCKETS = tuple(1e-8 * 10.0**n for n in range(10))


class WorkQueueMetrics:
    """The figures of one queue. `clock` of all of it is the monotonic one, in seconds."""

    def __init__(self, name: str, registry: Registry = REGISTRY) -> None:
        label = ("name",)
        self._depth = registry.gauge(
            "workqueue_depth", "Current depth of workqueue", label, BETA
        ).labels(name)
        self._adds = registry.counter(
            "workqueue_adds_total", "Total number of adds handled by workqueue", label, BETA
        ).labels(name)
        self._waited = registry.histogram(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested.",
            label, BETA, _BUCKETS,
        ).labels(name)
        self._worked = registry.histogram(
            "workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes.",
            label, BETA, _BUCKETS,
        ).labels(name)
        self._retries = registry.counter(
            "workqueue_retries_total", "Total number of retries handled by workqueue", label, BETA
        ).labels(name)
        self._unfinished = registry.gauge(
            "workqueue_unfinished_work_seconds",
            "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large"
            " values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which"
            " this increases.", label, BETA,
        ).labels(name)
        self._longest = registry.gauge(
            "workqueue_longest_running_processor_seconds",
            "How many seconds has the longest running processor for workqueue been running.", label, BETA,
        ).labels(name)
        self._added: dict[Hashable, float] = {}
        self._started: dict[Hashable, float] = {}
        registry.add_collector(self._collect)

    def added(self, key: Hashable) -> None:
        """A key that was not in the queue is."""
        self._adds.value += 1
        self._added[key] = monotonic()

    def started(self, key: Hashable) -> None:
        now = self._started[key] = monotonic()
        self._waited.observe(now - self._added.pop(key, now))

    def done(self, key: Hashable) -> None:
        now = monotonic()
        self._worked.observe(now - self._started.pop(key, now))

    def retried(self) -> None:
        self._retries.value += 1

    def _collect(self) -> None:
        now = monotonic()
        running = [now - began for began in self._started.values()]
        self._depth.value = len(self._added)
        self._unfinished.value = sum(running)
        self._longest.value = max(running, default=0.0)
