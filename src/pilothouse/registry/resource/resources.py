"""Kinds of resource.k8s.io (upstream: pkg/registry/resource)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.resource import defaults
from pilothouse.registry.resource.printers import PRINTERS
from pilothouse.registry.resource.strategies import (
    ClaimStrategy,
    DeviceClassStrategy,
    SliceStrategy,
    TemplateStrategy,
)

_v1 = Kinds("resource.k8s.io", "v1", "resource", PRINTERS)


def _slice_fields(resource_slice: Mapping[str, Any]) -> dict[str, str]:
    spec = resource_slice.get("spec") or {}
    return {"spec.nodeName": spec.get("nodeName") or "", "spec.driver": spec.get("driver") or ""}


def build(dependencies: Dependencies) -> Group:
    resources = (
        _v1("DeviceClass", "deviceclasses", namespaced=False, strategy=DeviceClassStrategy()),
        _v1(
            "ResourceClaim",
            "resourceclaims",
            subresources=(STATUS,),
            strategy=ClaimStrategy(dependencies.stores),
            default=defaults.default_claim,
        ),
        _v1(
            "ResourceClaimTemplate",
            "resourceclaimtemplates",
            strategy=TemplateStrategy(dependencies.stores),
            default=defaults.default_claim_template,
        ),
        _v1(
            "ResourceSlice",
            "resourceslices",
            namespaced=False,
            strategy=SliceStrategy(),
            default=defaults.slice_defaults(dependencies.clock),
            selectable=_slice_fields,
            selectable_names=("spec.nodeName", "spec.driver"),
        ),
    )
    v1beta2 = tuple(same_shape(resource, "v1beta2") for resource in resources)
    return Group("resource.k8s.io", 16200, (Version("v1", 21, resources), Version("v1beta2", 15, v1beta2)))
