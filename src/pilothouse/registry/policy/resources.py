"""Kinds of policy (upstream: pkg/registry/policy)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version
from pilothouse.registry.policy.printers import PRINTERS
from pilothouse.registry.policy.strategies import DisruptionBudgetStrategy

_v1 = Kinds("policy", "v1", "policy", PRINTERS)

_V1 = (
    _v1(
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        short_names=("pdb",),
        subresources=(STATUS,),
        strategy=DisruptionBudgetStrategy(),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("policy", 17100, (Version("v1", 15, _V1),))
