"""Kinds of networking.k8s.io (upstream: pkg/registry/networking)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.networking import defaults
from pilothouse.registry.networking.printers import PRINTERS
from pilothouse.registry.networking.strategies import (
    IngressClassStrategy,
    IngressStrategy,
    IPAddressStrategy,
    NetworkPolicyStrategy,
    ServiceCIDRStrategy,
)

_v1 = Kinds("networking.k8s.io", "v1", "networking", PRINTERS)

_V1 = (
    _v1(
        "IngressClass",
        "ingressclasses",
        namespaced=False,
        strategy=IngressClassStrategy(),
        default=defaults.default_ingress_class,
    ),
    _v1(
        "Ingress",
        "ingresses",
        short_names=("ing",),
        storage_prefix="ingress",
        subresources=(STATUS,),
        strategy=IngressStrategy(),
    ),
    _v1("IPAddress", "ipaddresses", namespaced=False, short_names=("ip",), strategy=IPAddressStrategy()),
    _v1(
        "NetworkPolicy",
        "networkpolicies",
        short_names=("netpol",),
        strategy=NetworkPolicyStrategy(),
        default=defaults.default_network_policy,
    ),
    _v1("ServiceCIDR", "servicecidrs", namespaced=False, subresources=(STATUS,), strategy=ServiceCIDRStrategy()),
)

_V1BETA1 = tuple(same_shape(r, "v1beta1") for r in _V1 if r.kind in ("IPAddress", "ServiceCIDR"))


def build(dependencies: Dependencies) -> Group:
    return Group("networking.k8s.io", 17200, (Version("v1", 15, _V1), Version("v1beta1", 9, _V1BETA1)))
