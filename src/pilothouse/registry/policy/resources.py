"""Kinds of policy (upstream: pkg/registry/policy)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("policy", "v1", "policy")

_V1 = (_v1("PodDisruptionBudget", "poddisruptionbudgets", short_names=("pdb",), subresources=(STATUS,)),)


def build(dependencies: Dependencies) -> Group:
    return Group("policy", 17100, (Version("v1", 15, _V1),))
