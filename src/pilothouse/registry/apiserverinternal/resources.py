"""Kinds of internal.apiserver.k8s.io (upstream: pkg/registry/apiserverinternal)."""

from pilothouse.registry.apiserverinternal.printers import PRINTERS
from pilothouse.registry.apiserverinternal.strategies import StorageVersionStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1alpha1 = Kinds("internal.apiserver.k8s.io", "v1alpha1", "apiserverinternal", PRINTERS)

_V1ALPHA1 = (
    _v1alpha1(
        "StorageVersion",
        "storageversions",
        namespaced=False,
        subresources=(STATUS,),
        strategy=StorageVersionStrategy(),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("internal.apiserver.k8s.io", 16000, (Version("v1alpha1", 9, _V1ALPHA1),))
