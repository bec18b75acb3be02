"""Kinds of node.k8s.io (upstream: pkg/registry/node)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("node.k8s.io", "v1", "node")

_V1 = (_v1("RuntimeClass", "runtimeclasses", namespaced=False),)


def build(dependencies: Dependencies) -> Group:
    return Group("node.k8s.io", 16300, (Version("v1", 15, _V1),))
