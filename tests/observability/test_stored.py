from collections.abc import Iterator
from dataclasses import dataclass

from pilothouse.observability.metrics import Registry
from pilothouse.observability.stored import Cache, install_storage_metrics


@dataclass
class Figures:
    objects: int
    events: int = 0
    lists: int = 0
    read: int = 0
    listed: int = 0
    revision: int = 9
    history_capacity: int = 1024

    def count(self) -> int:
        return self.objects

    def average_bytes(self) -> int:
        return 100


def test_figures_are_asked_for_at_each_scrape_and_removed_resources_disappear() -> None:
    registry = Registry()
    known = [("", "pods", Figures(2, events=5, lists=1, read=7, listed=2)), ("apps", "deployments", Figures(1))]

    def caches() -> Iterator[tuple[str, str, Cache]]:
        yield from known

    install_storage_metrics(caches, lambda: 4096, registry)
    text = registry.render().decode()
    for line in (
        'apiserver_storage_objects{resource="pods"} 2',
        'apiserver_storage_objects{resource="deployments.apps"} 1',
        'apiserver_resource_objects{group="apps",resource="deployments"} 1',
        'apiserver_resource_size_estimate_bytes{group="",resource="pods"} 200',
        'apiserver_storage_size_bytes{storage_cluster_id="storage-cluster-0"} 4096',
        'apiserver_storage_events_received_total{group="",resource="pods"} 5',
        'apiserver_watch_cache_events_dispatched_total{group="",resource="pods"} 5',
        'apiserver_watch_cache_resource_version{group="",resource="pods"} 9',
        'watch_cache_capacity{group="",resource="pods"} 1024',
        'apiserver_cache_list_total{group="",index="",resource="pods"} 1',
        'apiserver_cache_list_fetched_objects_total{group="",index="",resource="pods"} 7',
        'apiserver_cache_list_returned_objects_total{group="",resource="pods"} 2',
    ):
        assert f"{line}\n" in text
    known.pop()
    assert "deployments" not in registry.render().decode()
