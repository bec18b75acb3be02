"""Kinds of coordination.k8s.io (upstream: pkg/registry/coordination)."""

from pilothouse.registry.coordination.printers import PRINTERS
from pilothouse.registry.coordination.strategies import LeaseCandidateStrategy, LeaseStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version, same_shape

_v1 = Kinds("coordination.k8s.io", "v1", "coordination", PRINTERS)
_v1beta1 = Kinds("coordination.k8s.io", "v1beta1", "coordination", PRINTERS)

_V1 = (_v1("Lease", "leases", strategy=LeaseStrategy()),)

_V1BETA1 = (_v1beta1("LeaseCandidate", "leasecandidates", strategy=LeaseCandidateStrategy()),)
_V1ALPHA2 = tuple(same_shape(resource, "v1alpha2") for resource in _V1BETA1)


def build(dependencies: Dependencies) -> Group:
    return Group("coordination.k8s.io", 16500, (
        Version("v1", 15, _V1), Version("v1beta1", 13, _V1BETA1), Version("v1alpha2", 12, _V1ALPHA2),
    ))
