"""Kinds of node.k8s.io (upstream: pkg/registry/node)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version
from pilothouse.registry.node.printers import PRINTERS
from pilothouse.registry.node.strategies import RuntimeClassStrategy

_v1 = Kinds("node.k8s.io", "v1", "node", PRINTERS)

_V1 = (_v1("RuntimeClass", "runtimeclasses", namespaced=False, strategy=RuntimeClassStrategy()),)


def build(dependencies: Dependencies) -> Group:
    return Group("node.k8s.io", 16300, (Version("v1", 15, _V1),))
