"""Kinds of scheduling.k8s.io (upstream: pkg/registry/scheduling)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.scheduling.defaults import default_priority_class
from pilothouse.registry.scheduling.printers import PRINTERS
from pilothouse.registry.scheduling.strategies import PriorityClassStrategy
from pilothouse.registry.scheduling.workloads import PodGroupStrategy, WorkloadStrategy, default_pod_group

_v1 = Kinds("scheduling.k8s.io", "v1", "scheduling", PRINTERS)
_v1alpha2 = Kinds("scheduling.k8s.io", "v1alpha2", "scheduling", PRINTERS)

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

_V1ALPHA2 = (
    _v1alpha2("Workload", "workloads", strategy=WorkloadStrategy(), feature_gate="GenericWorkload"),
    _v1alpha2(
        "PodGroup",
        "podgroups",
        subresources=(STATUS,),
        strategy=PodGroupStrategy(),
        default=default_pod_group,
        feature_gate="GenericWorkload",
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("scheduling.k8s.io", 16600, (Version("v1", 15, _V1), Version("v1alpha2", 2, _V1ALPHA2)))
