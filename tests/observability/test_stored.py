from pilothouse.observability.metrics import Registry
from pilothouse.observability.stored import install_storage_metrics


def test_counts_are_asked_for_at_each_scrape_and_removed_resources_disappear() -> None:
    registry = Registry()
    counts = [("", "pods", 2), ("apps", "deployments", 1)]
    install_storage_metrics(lambda: counts, lambda: 4096, registry)
    text = registry.render().decode()
    assert 'apiserver_storage_objects{resource="pods"} 2\n' in text
    assert 'apiserver_storage_objects{resource="deployments.apps"} 1\n' in text
    assert 'apiserver_resource_objects{group="apps",resource="deployments"} 1\n' in text
    assert 'apiserver_storage_size_bytes{storage_cluster_id="storage-cluster-0"} 4096\n' in text
    counts.pop()
    assert "deployments" not in registry.render().decode()
