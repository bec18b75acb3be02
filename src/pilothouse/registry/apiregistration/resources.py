"""Kinds of apiregistration.k8s.io (upstream: kube-aggregator pkg/registry)."""

from pilothouse.registry.apiregistration.defaults import default_api_service
from pilothouse.registry.apiregistration.printers import PRINTERS
from pilothouse.registry.apiregistration.strategies import APIServiceStrategy
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("apiregistration.k8s.io", "v1", "apiregistration", PRINTERS)


def build(dependencies: Dependencies) -> Group:
    services = _v1(
        "APIService",
        "apiservices",
        namespaced=False,
        categories=("api-extensions",),
        storage_prefix="apiregistration.k8s.io/apiservices",
        subresources=(STATUS,),
        strategy=APIServiceStrategy(dependencies.clock),
        default=default_api_service,
    )
    return Group("apiregistration.k8s.io", 20000, (Version("v1", 0, (services,)),))
