"""Kinds of authorization.k8s.io (upstream: pkg/registry/authorization). They store nothing."""

from pilothouse.registry.authorization.reviews import AccessReviews
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("authorization.k8s.io", "v1", "authorization")


def build(dependencies: Dependencies) -> Group:
    reviews = AccessReviews(dependencies)
    resources = (
        _v1(
            "LocalSubjectAccessReview",
            "localsubjectaccessreviews",
            verbs=("create",),
            virtual={"create": reviews.local},
        ),
        *(
            _v1(kind, f"{kind.lower()}s", namespaced=False, verbs=("create",), virtual={"create": handler})
            for kind, handler in (
                ("SelfSubjectAccessReview", reviews.self),
                ("SelfSubjectRulesReview", reviews.self_rules),
                ("SubjectAccessReview", reviews.subject),
            )
        ),
    )
    return Group("authorization.k8s.io", 17600, (Version("v1", 15, resources),))
