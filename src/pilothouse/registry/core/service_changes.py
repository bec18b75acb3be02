"""What may change of a service's addresses, and what is warned about (upstream: pkg/apis/core/validation
validateUpgradeDowngradeClusterIPs and -IPFamilies; pkg/api/service/warnings.go)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import warnings_for_cidr, warnings_for_ip
from pilothouse.registry.core.service_families import SINGLE_STACK, is_headless

Spec = Mapping[str, Any]

_ONCE_SET = "may not change once set"
_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"


def validate_changes(spec: Spec, old: Spec) -> list[Error]:
    """A second address or family may come and go; the first is there to stay."""
    if "ExternalName" in (spec.get("type"), old.get("type")):
        return []
    errors = []
    if not (is_headless(spec) and is_headless(old)):
        errors += _changes(spec, old, "clusterIPs", "clusterIP")
    if not is_headless(spec) and not is_headless(old):
        errors += _changes(spec, old, "ipFamilies", "ipFamily")
    return errors


def _changes(spec: Spec, old: Spec, name: str, one: str) -> list[Error]:
    new, before = spec.get(name) or [], old.get(name) or []
    where = f"spec.{name}"
    if len(new) == len(before):
        # upstream names the first family whichever has changed: kept
        return [
            field.invalid(f"{where}[{i if name == 'clusterIPs' else 0}]", new, _ONCE_SET)
            for i, (a, b) in enumerate(zip(new, before, strict=True)) if a != b
        ]
    errors = []
    if not new:
        errors.append(field.invalid(f"{where}[0]", new, f"primary {one} can not be unset"))
    elif before and new[0] != before[0]:
        # upstream shows the addresses for a changed family too: kept
        errors.append(field.invalid(f"{where}[0]", spec.get("clusterIPs") or [], _ONCE_SET))
    policy = spec.get("ipFamilyPolicy")
    if len(new) == 1 < len(before) and policy != SINGLE_STACK:
        text = f"must be set to 'SingleStack' when releasing the secondary {one}"
        errors.append(field.invalid("spec.ipFamilyPolicy", policy, text))
    return errors


def service_warnings(service: Mapping[str, Any]) -> list[str]:
    spec = service.get("spec") or {}
    warnings = []
    if _HINTS in (service["metadata"].get("annotations") or {}):
        warnings.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    headless, external = is_headless(spec), spec.get("type") == "ExternalName"
    if not headless and spec.get("clusterIP"):
        warnings += _of_ips(spec, "clusterIPs")
    if headless:
        for name in ("loadBalancerIP", "externalIPs"):
            if spec.get(name):
                warnings.append(f"spec.{name} is ignored for headless services")
        if spec.get("sessionAffinity") != "None":
            warnings.append("spec.SessionAffinity is ignored for headless services")
    warnings += _of_ips(spec, "externalIPs")
    if spec.get("externalIPs") and not headless and not external:
        warnings.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec.get("loadBalancerIP"):
        warnings += warnings_for_ip("spec.loadBalancerIP", spec["loadBalancerIP"])
    for i, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        warnings += warnings_for_cidr(f"spec.loadBalancerSourceRanges[{i}]", cidr)
    if external and spec.get("externalIPs"):
        warnings.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if not external and spec.get("externalName"):
        warnings.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        warnings.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return warnings


def status_warnings(service: Mapping[str, Any]) -> list[str]:
    """About the addresses of its load balancer."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [
        text for i, one in enumerate(ingress) if one.get("ip")
        for text in warnings_for_ip(f"status.loadBalancer.ingress[{i}]", one["ip"])
    ]


def _of_ips(spec: Spec, name: str) -> list[str]:
    return [text for i, ip in enumerate(spec.get(name) or ()) for text in warnings_for_ip(f"spec.{name}[{i}]", ip)]
