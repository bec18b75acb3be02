import pytest
from tests.registry.cluster import Cluster, run

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.controlplane.kinds import resource_of

WIDGETS = {"metadata": {"name": "widgets.example.com"}, "spec": {
    "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
    "versions": [
        {"name": name, "served": served, "storage": served, "schema": {"openAPIV3Schema": {"type": "object"}}}
        for name, served in (("v1", True), ("v2", False))
    ],
}}


@pytest.mark.parametrize(("gvk", "resource"), [
    (("", "v1", "ConfigMap"), "configmaps"), (("apps", "v1", "Deployment"), "deployments"),
    (("apps", "v2", "Deployment"), ""), (("", "v1", "Odd"), ""),
    (("example.com", "v1", "Widget"), "widgets"), (("example.com", "v2", "Widget"), ""),
    (("example.com", "v1", "Odd"), ""), (("other.example.com", "v1", "Widget"), ""),
])
def test_resources_of_kinds(gvk: tuple[str, str, str], resource: str) -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("customresourcedefinitions", WIDGETS, group="apiextensions.k8s.io")
        assert resource_of(cluster.stores, GroupVersionKind(*gvk)) == resource

    run(test)
