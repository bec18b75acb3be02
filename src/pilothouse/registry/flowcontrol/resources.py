"""Kinds of flowcontrol.apiserver.k8s.io (upstream: pkg/registry/flowcontrol)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol")

_V1 = (
    _v1("FlowSchema", "flowschemas", namespaced=False, subresources=(STATUS,)),
    _v1("PriorityLevelConfiguration", "prioritylevelconfigurations", namespaced=False, subresources=(STATUS,)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("flowcontrol.apiserver.k8s.io", 16100, (Version("v1", 21, _V1),))
