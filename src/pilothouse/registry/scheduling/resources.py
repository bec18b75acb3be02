"""Kinds of scheduling.k8s.io (upstream: pkg/registry/scheduling)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version
from pilothouse.registry.scheduling.defaults import default_priority_class
from pilothouse.registry.scheduling.printers import PRINTERS
from pilothouse.registry.scheduling.strategies import PriorityClassStrategy

_v1 = Kinds("scheduling.k8s.io", "v1", "scheduling", PRINTERS)

_V1 = (
    _v1(
        "PriorityClass",
        "priorityclasses",
        namespaced=False,
        short_names=("pc",),
        strategy=PriorityClassStrategy(),
        default=default_priority_class,
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("scheduling.k8s.io", 16600, (Version("v1", 15, _V1),))
