"""Kinds of authentication.k8s.io (upstream: pkg/registry/authentication)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("authentication.k8s.io", "v1", "authentication")

_V1 = (
    _v1("SelfSubjectReview", "selfsubjectreviews", namespaced=False, verbs=("create",)),
    _v1("TokenReview", "tokenreviews", namespaced=False, verbs=("create",)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("authentication.k8s.io", 17700, (Version("v1", 15, _V1),))
