"""Kinds of flowcontrol.apiserver.k8s.io (upstream: pkg/registry/flowcontrol)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.flowcontrol import defaults
from pilothouse.registry.flowcontrol.printers import PRINTERS
from pilothouse.registry.flowcontrol.strategies import FlowSchemaStrategy, PriorityLevelStrategy
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol", PRINTERS)

_V1 = (
    _v1(
        "FlowSchema",
        "flowschemas",
        namespaced=False,
        subresources=(STATUS,),
        strategy=FlowSchemaStrategy(),
        default=defaults.default_flow_schema,
    ),
    _v1(
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        namespaced=False,
        subresources=(STATUS,),
        strategy=PriorityLevelStrategy(),
        default=defaults.default_priority_level,
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("flowcontrol.apiserver.k8s.io", 16100, (Version("v1", 21, _V1),))
