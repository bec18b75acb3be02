"""Kinds of authentication.k8s.io (upstream: pkg/registry/authentication). They store nothing."""

from pilothouse.registry.authentication.reviews import AuthenticationReviews
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("authentication.k8s.io", "v1", "authentication")


def build(dependencies: Dependencies) -> Group:
    reviews = AuthenticationReviews(dependencies)
    resources = tuple(
        _v1(kind, f"{kind.lower()}s", namespaced=False, verbs=("create",), virtual={"create": handler})
        for kind, handler in (("SelfSubjectReview", reviews.self), ("TokenReview", reviews.token))
    )
    return Group("authentication.k8s.io", 17700, (Version("v1", 15, resources),))
