"""Kinds of networking.k8s.io (upstream: pkg/registry/networking)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("networking.k8s.io", "v1", "networking")

_V1 = (
    _v1("IngressClass", "ingressclasses", namespaced=False),
    _v1("Ingress", "ingresses", short_names=("ing",), storage_prefix="ingress", subresources=(STATUS,)),
    _v1("IPAddress", "ipaddresses", namespaced=False, short_names=("ip",)),
    _v1("NetworkPolicy", "networkpolicies", short_names=("netpol",)),
    _v1("ServiceCIDR", "servicecidrs", namespaced=False, subresources=(STATUS,)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("networking.k8s.io", 17200, (Version("v1", 15, _V1),))
