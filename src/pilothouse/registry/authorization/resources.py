"""Kinds of authorization.k8s.io (upstream: pkg/registry/authorization)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("authorization.k8s.io", "v1", "authorization")

_V1 = (
    _v1("LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=("create",)),
    _v1("SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False, verbs=("create",)),
    _v1("SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False, verbs=("create",)),
    _v1("SubjectAccessReview", "subjectaccessreviews", namespaced=False, verbs=("create",)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("authorization.k8s.io", 17600, (Version("v1", 15, _V1),))
