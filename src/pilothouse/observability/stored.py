"""How much is stored (upstream: k8s.io/apiserver pkg/storage/etcd3/metrics)."""

from collections.abc import Callable, Iterable

from pilothouse.observability.metrics import ALPHA, REGISTRY, STABLE, Registry


def install_storage_metrics(
    counts: Callable[[], Iterable[tuple[str, str, int]]],
    size: Callable[[], int] | None = None,
    registry: Registry = REGISTRY,
) -> None:
    """Ask at each scrape: `counts()` gives (group, resource, objects), `size()` the database's bytes."""
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
    total = None if size is None else registry.gauge(
        "apiserver_storage_size_bytes", "Size of the storage database file physically allocated in bytes.",
        ("storage_cluster_id",), STABLE,
    )

    def collect() -> None:
        # Custom resources come and go, and with them their series.
        by_name.series.clear()
        by_group.series.clear()
        for group, resource, count in counts():
            by_name.set(count, f"{resource}.{group}" if group else resource)
            by_group.set(count, group, resource)
        if total is not None and size is not None:
            total.set(size(), "storage-cluster-0")

    registry.add_collector(collect)
