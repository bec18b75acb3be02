"""Kinds of apiextensions.k8s.io (upstream: pkg/registry/apiextensions)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("apiextensions.k8s.io", "v1", "apiextensions")

_V1 = (
    _v1(
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        storage_prefix="apiextensions.k8s.io/customresourcedefinitions",
        subresources=(STATUS,),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("apiextensions.k8s.io", 16700, (Version("v1", 15, _V1),))
