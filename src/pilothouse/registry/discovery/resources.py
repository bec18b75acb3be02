"""Kinds of discovery.k8s.io (upstream: pkg/registry/discovery)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.discovery.defaults import default_endpoint_slice
from pilothouse.registry.discovery.printers import PRINTERS
from pilothouse.registry.discovery.strategies import EndpointSliceStrategy
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("discovery.k8s.io", "v1", "discovery", PRINTERS)

_V1 = (_v1("EndpointSlice", "endpointslices", strategy=EndpointSliceStrategy(), default=default_endpoint_slice),)


def build(dependencies: Dependencies) -> Group:
    return Group("discovery.k8s.io", 16200, (Version("v1", 15, _V1),))
