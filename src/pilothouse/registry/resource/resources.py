"""Kinds of resource.k8s.io (upstream: pkg/registry/resource)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.resource import defaults
from pilothouse.registry.resource.conversion import CONVERTERS
from pilothouse.registry.resource.printers import PRINTERS
from pilothouse.registry.resource.strategies import (
    ClaimStrategy,
    DeviceClassStrategy,
    PoolStatusRequestStrategy,
    SliceStrategy,
    TaintRuleStrategy,
    TemplateStrategy,
)
from pilothouse.registry.rest import Resource

_v1 = Kinds("resource.k8s.io", "v1", "resource", PRINTERS)
_v1alpha3 = Kinds("resource.k8s.io", "v1alpha3", "resource", PRINTERS)


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
            strategy=ClaimStrategy(dependencies.stores, dependencies.authorizer),
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
    alpha = _alpha(dependencies)
    taint_rules = next(resource for resource in alpha if resource.kind == "DeviceTaintRule")
    return Group("resource.k8s.io", 16200, (
        Version("v1", 21, resources),
        Version("v1beta2", 15, tuple(same_shape(resource, "v1beta2") for resource in (*resources, taint_rules))),
        Version("v1beta1", 9, tuple(_beta(resource, dependencies) for resource in resources)),
        Version("v1alpha3", 1, alpha),
    ))


def _beta(resource: Resource, dependencies: Dependencies) -> Resource:
    """`resource` as v1beta1 has it."""
    beta_defaults = {
        "ResourceClaim": defaults.default_beta_claim,
        "ResourceClaimTemplate": defaults.default_beta_claim_template,
        "ResourceSlice": defaults.slice_defaults(dependencies.clock, "basic"),
    }
    beta = same_shape(resource, "v1beta1", default=beta_defaults.get(resource.kind, resource.default))
    return replace(beta, converter=CONVERTERS.get(resource.kind, beta.converter))


def _alpha(dependencies: Dependencies) -> tuple[Resource, ...]:
    return (
        _v1alpha3(
            "DeviceTaintRule",
            "devicetaintrules",
            namespaced=False,
            subresources=(STATUS,),
            strategy=TaintRuleStrategy(dependencies.clock),
            default=defaults.taint_rule_defaults(dependencies.clock),
        ),
        _v1alpha3(
            "ResourcePoolStatusRequest",
            "resourcepoolstatusrequests",
            namespaced=False,
            subresources=(STATUS,),
            strategy=PoolStatusRequestStrategy(),
            default=defaults.default_pool_status_request,
        ),
    )
