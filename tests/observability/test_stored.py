from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.observability.support import samples

from pilothouse.observability.metrics import Registry
from pilothouse.observability.stored import Cache, Freshness, install_storage_metrics


@dataclass
class Figures:
    objects: int
    events: int = 0
    lists: int = 0
    read: int = 0
    listed: int = 0
    revision: int = 9
    history_capacity: int = 1024
    freshness: Freshness = field(default_factory=Freshness)

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


def test_reads_by_how_fresh_they_had_to_be() -> None:
    registry, pods = Registry(), Figures(2)
    figures = pods.freshness
    figures.consistent, figures.fresh, figures.loads, figures.loaded = 3, 2, 1, 40
    figures.waited(0.7)
    install_storage_metrics(lambda: [("", "pods", pods), ("", "nodes", Figures(0))], None, registry)
    for _ in range(2):
        shown = samples(registry)
        wait = "apiserver_watch_cache_read_wait_seconds"
        assert shown[f'{wait}_bucket{{group="",resource="pods",le="0.005"}}'] == 5
        assert shown[f'{wait}_bucket{{group="",resource="pods",le="0.6"}}'] == 5
        assert shown[f'{wait}_bucket{{group="",resource="pods",le="0.8"}}'] == 6
        assert shown[f'{wait}_sum{{group="",resource="pods"}}'] == 0.7
        read = 'apiserver_watch_cache_consistent_read_total{fallback="false",group="",resource="pods",success="true"}'
        assert shown[read] == 3
        assert shown['apiserver_storage_list_total{group="",resource="pods"}'] == 1
        for name in ("fetched", "evaluated", "returned"):
            assert shown[f'apiserver_storage_list_{name}_objects_total{{group="",resource="pods"}}'] == 40
        assert not any("nodes" in name for name in shown if "watch_cache_read" in name or "storage_list" in name)
