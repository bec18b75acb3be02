"""Kinds of scheduling.k8s.io (upstream: pkg/registry/scheduling)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("scheduling.k8s.io", "v1", "scheduling")

_V1 = (_v1("PriorityClass", "priorityclasses", namespaced=False, short_names=("pc",)),)


def build(dependencies: Dependencies) -> Group:
    return Group("scheduling.k8s.io", 16600, (Version("v1", 15, _V1),))
