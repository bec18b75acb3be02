"""Kinds of coordination.k8s.io (upstream: pkg/registry/coordination)."""

from pilothouse.registry.coordination.printers import PRINTERS
from pilothouse.registry.coordination.strategies import LeaseStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("coordination.k8s.io", "v1", "coordination", PRINTERS)

_V1 = (_v1("Lease", "leases", strategy=LeaseStrategy()),)


def build(dependencies: Dependencies) -> Group:
    return Group("coordination.k8s.io", 16500, (Version("v1", 15, _V1),))
