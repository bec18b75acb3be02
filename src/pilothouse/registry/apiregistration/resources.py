"""Kinds of apiregistration.k8s.io (upstream: pkg/registry/apiregistration)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("apiregistration.k8s.io", "v1", "apiregistration")

_V1 = (
    _v1(
        "APIService",
        "apiservices",
        namespaced=False,
        categories=("api-extensions",),
        storage_prefix="apiregistration.k8s.io/apiservices",
        subresources=(STATUS,),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("apiregistration.k8s.io", 20000, (Version("v1", 0, _V1),))
