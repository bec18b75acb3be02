"""What is stored, and what the watch caches do (upstream: k8s.io/apiserver pkg/storage/etcd3/metrics,
pkg/storage/cacher/metrics). Everything is asked for at a scrape; nothing here is on the way of a request."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pilothouse.observability.metrics import ALPHA, BETA, REGISTRY, STABLE, HistogramSeries, Registry

_WAITS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)


class Freshness:
    """How fresh the answers of a watch cache had to be, since the start: lists that were to be `consistent`, reads that
    asked for a revision which was there already (`fresh`), and how long others waited for theirs, in seconds. `loads`
    from the storage brought `loaded` objects."""

    __slots__ = ("_waits", "consistent", "fresh", "loaded", "loads")

    def __init__(self) -> None:
        self.consistent = self.fresh = self.loads = self.loaded = 0
        self._waits: HistogramSeries | None = None

    def waited(self, seconds: float) -> None:
        if self._waits is None:
            self._waits = HistogramSeries(_WAITS)
        self._waits.observe(seconds)

    def series(self) -> HistogramSeries | None:
        """Waits of all; None where nobody asked for a revision."""
        at_once = self.consistent + self.fresh
        if self._waits is None and not at_once:
            return None
        series = HistogramSeries(_WAITS)
        if self._waits is not None:
            series.counts, series.sum = self._waits.counts.copy(), self._waits.sum
        # the newest revision is always there: nothing else writes to the storage
        series.counts[0] += at_once
        return series


class Cache(Protocol):
    """The figures of a resource's watch cache since the start, and of what it holds."""

    @property
    def revision(self) -> int: ...

    @property
    def events(self) -> int: ...

    @property
    def lists(self) -> int: ...

    @property
    def read(self) -> int: ...

    @property
    def listed(self) -> int: ...

    @property
    def history_capacity(self) -> int: ...

    @property
    def freshness(self) -> Freshness: ...

    def count(self) -> int: ...

    def average_bytes(self) -> int: ...


Caches = Callable[[], Iterable[tuple[str, str, Cache]]]
"""(group, resource, watch cache) of every resource that is stored."""


def install_storage_metrics(
    caches: Caches, size: Callable[[], int] | None = None, registry: Registry = REGISTRY
) -> None:
    """`size()` gives the database's bytes."""
    _install_objects(caches, registry)
    _install_caches(caches, registry)
    _install_reads(caches, registry)
    if size is None:
        return
    total = registry.gauge(
        "apiserver_storage_size_bytes", "Size of the storage database file physically allocated in bytes.",
        ("storage_cluster_id",), STABLE,
    )
    registry.add_collector(lambda: total.set(size(), "storage-cluster-0"))


def _install_objects(caches: Caches, registry: Registry) -> None:
    by_name = registry.gauge(
        "apiserver_storage_objects",
        "(Deprecated since 1.34.0) [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored"
        " objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
        ("resource",), STABLE,
    )
    by_group = registry.gauge(
        "apiserver_resource_objects",
        "Number of stored objects at the time of last check split by kind. In case of a fetching error, the value"
        " will be -1.",
        ("group", "resource"), ALPHA,
    )
    sizes = registry.gauge(
        "apiserver_resource_size_estimate_bytes",
        "Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized"
        " objects. In case of a fetching error, the value will be -1.",
        ("group", "resource"), ALPHA,
    )

    def collect() -> None:
        # Custom resources come and go, and with them their series.
        for gauge in (by_name, by_group, sizes):
            gauge.series.clear()
        for group, resource, cache in caches():
            count = cache.count()
            by_name.set(count, f"{resource}.{group}" if group else resource)
            by_group.set(count, group, resource)
            sizes.set(count * cache.average_bytes(), group, resource)

    registry.add_collector(collect)


def _install_caches(caches: Caches, registry: Registry) -> None:
    labels = ("group", "resource")
    received = registry.counter(
        "apiserver_storage_events_received_total", "Number of etcd events received split by kind.", labels, BETA
    )
    cached = registry.counter(
        "apiserver_watch_cache_events_received_total",
        "Counter of events received in watch cache broken by resource type.", labels,
    )
    dispatched = registry.counter(
        "apiserver_watch_cache_events_dispatched_total",
        "Counter of events dispatched in watch cache broken by resource type.", labels,
    )
    initialized = registry.counter(
        "apiserver_watch_cache_initializations_total",
        "Counter of watch cache initializations broken by resource type.", labels,
    )
    revision = registry.gauge(
        "apiserver_watch_cache_resource_version", "Current resource version of watch cache broken by resource type.",
        labels,
    )
    capacity = registry.gauge(
        "watch_cache_capacity", "Total capacity of watch cache broken by resource type.", labels,
    )
    lists = registry.counter(
        "apiserver_cache_list_total", "Number of LIST requests served from watch cache", ("group", "index", "resource")
    )
    read = registry.counter(
        "apiserver_cache_list_fetched_objects_total",
        "Number of objects read from watch cache in the course of serving a LIST request",
        ("group", "index", "resource"),
    )
    listed = registry.counter(
        "apiserver_cache_list_returned_objects_total",
        "Number of objects returned for a LIST request from watch cache", labels,
    )
    families = (received, cached, dispatched, initialized, revision, capacity, lists, read, listed)

    def collect() -> None:
        for family in families:
            family.series.clear()
        for group, resource, cache in caches():
            for counter in (received, cached, dispatched):
                counter.set(cache.events, group, resource)
            initialized.set(1, group, resource)
            revision.set(cache.revision, group, resource)
            capacity.set(cache.history_capacity, group, resource)
            if cache.lists:
                lists.set(cache.lists, group, "", resource)
                read.set(cache.read, group, "", resource)
                listed.set(cache.listed, group, resource)

    registry.add_collector(collect)


def _install_reads(caches: Caches, registry: Registry) -> None:
    labels = ("group", "resource")
    waits = registry.histogram(
        "apiserver_watch_cache_read_wait_seconds", "Histogram of time spent waiting for a watch cache to become fresh.",
        labels, ALPHA, _WAITS,
    )
    consistent = registry.counter(
        "apiserver_watch_cache_consistent_read_total", "Counter for consistent reads from cache.",
        (*labels, "success", "fallback"),
    )
    loads = registry.counter("apiserver_storage_list_total", "Number of LIST requests served from storage", labels)
    loaded = tuple(registry.counter(f"apiserver_storage_list_{name}_objects_total", help, labels) for name, help in (
        ("fetched", "Number of objects read from storage in the course of serving a LIST request"),
        ("evaluated", "Number of objects tested in the course of serving a LIST request from storage"),
        ("returned", "Number of objects returned for a LIST request from storage"),
    ))

    def collect() -> None:
        waits.series.clear()
        for counter in (consistent, loads, *loaded):
            counter.series.clear()
        for group, resource, cache in caches():
            figures = cache.freshness
            if (series := figures.series()) is not None:
                waits.series[group, resource] = series
            if figures.consistent:
                consistent.set(figures.consistent, group, resource, "true", "false")
            if figures.loads:
                loads.set(figures.loads, group, resource)
                for counter in loaded:
                    counter.set(figures.loaded, group, resource)

    registry.add_collector(collect)
