"""Kinds of resource.k8s.io (upstream: pkg/registry/resource)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("resource.k8s.io", "v1", "resource")

_V1 = (
    _v1("DeviceClass", "deviceclasses", namespaced=False),
    _v1("ResourceClaim", "resourceclaims", subresources=(STATUS,)),
    _v1("ResourceClaimTemplate", "resourceclaimtemplates"),
    _v1("ResourceSlice", "resourceslices", namespaced=False),
)


def build(dependencies: Dependencies) -> Group:
    return Group("resource.k8s.io", 16200, (Version("v1", 21, _V1),))
