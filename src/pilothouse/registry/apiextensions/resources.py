"""Kinds of apiextensions.k8s.io (upstream: apiextensions-apiserver pkg/registry)."""

from pilothouse.registry.apiextensions.defaults import default_custom_resource_definition
from pilothouse.registry.apiextensions.strategies import CustomResourceDefinitionStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("apiextensions.k8s.io", "v1", "apiextensions")


def build(dependencies: Dependencies) -> Group:
    definitions = _v1(
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        storage_prefix="apiextensions.k8s.io/customresourcedefinitions",
        subresources=(STATUS,),
        strategy=CustomResourceDefinitionStrategy(dependencies.clock),
        default=default_custom_resource_definition,
    )
    return Group("apiextensions.k8s.io", 16700, (Version("v1", 15, (definitions,)),))
