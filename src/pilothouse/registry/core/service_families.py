"""IP families of services (upstream: pkg/registry/core/service/storage/alloc.go initIPFamilyFields,
pkg/apis/core/validation ValidateServiceClusterIPsRelatedFields)."""

from collections.abc import Collection, Mapping
from typing import Any

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.ipvalidation import is_valid_ip_for_legacy_field
from pilothouse.registry.core.service_ip import family_of

Object = dict[str, Any]

SERVICE = GroupKind("", "Service")
SINGLE_STACK = "SingleStack"
PREFER_DUAL_STACK = "PreferDualStack"
REQUIRE_DUAL_STACK = "RequireDualStack"
_FAMILIES = ("IPv4", "IPv6")
_POLICIES = (PREFER_DUAL_STACK, REQUIRE_DUAL_STACK, SINGLE_STACK)


def is_headless(spec: Mapping[str, Any]) -> bool:
    return spec.get("clusterIPs") == ["None"]


def unchanged_prefer_dual_stack(spec: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    """An update that leaves a PreferDualStack service's families alone neither gains nor loses one."""
    return (
        old is not None
        and spec.get("ipFamilyPolicy") == PREFER_DUAL_STACK
        and spec.get("type") == old.get("type")
        and spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")
        and old.get("ipFamilyPolicy") in (None, PREFER_DUAL_STACK)
        and same(spec, old, "clusterIPs")
        and same(spec, old, "ipFamilies")
    )


def same(spec: Mapping[str, Any], old: Mapping[str, Any], name: str) -> bool:
    return (spec.get(name) or []) == (old.get(name) or [])


def init_families(service: Object, old: Mapping[str, Any] | None, families: Collection[str], default: str) -> None:
    """Completes spec.ipFamilyPolicy and spec.ipFamilies. `old` is the old spec. Raises 422.

    `families` are those that the cluster has ranges for, `default` is the first.
    """
    spec = service["spec"]
    if spec.get("type") == "ExternalName" or unchanged_prefer_dual_stack(spec, old):
        return
    selectorless = is_headless(spec) and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        if old is not None and old.get("ipFamilyPolicy") is not None:
            spec["ipFamilyPolicy"] = old["ipFamilyPolicy"]
        else:
            spec["ipFamilyPolicy"] = REQUIRE_DUAL_STACK if selectorless else SINGLE_STACK
    _refuse(service, cluster_ip_errors(spec, old))
    errors = _policy_errors(spec, old)
    _refuse(service, errors + _add_families_of_ips(spec, families))
    policy = spec["ipFamilyPolicy"]
    chosen: list[str] = spec.get("ipFamilies") or []
    if selectorless:
        # Nobody knows where its endpoints are: any family will do.
        chosen = chosen or [default]
        if len(chosen) < 2 and policy != SINGLE_STACK:
            chosen = [*chosen, _other(chosen[0])]
        spec["ipFamilies"] = chosen
        return
    errors = []
    if policy == REQUIRE_DUAL_STACK and len(families) < 2:
        errors.append(
            field.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services")
        )
    for i, family in enumerate(chosen):
        if family not in families:
            errors.append(field.invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    _refuse(service, errors)
    chosen = chosen or [default]
    if policy != SINGLE_STACK and len(chosen) == 1 and len(families) == 2:
        chosen = [*chosen, _other(chosen[0])]
    spec["ipFamilies"] = chosen


def _other(family: str) -> str:
    return "IPv6" if family == "IPv4" else "IPv4"


def _refuse(service: Object, errors: list[field.Error]) -> None:
    if errors:
        raise status.invalid(SERVICE, service["metadata"].get("name") or "", errors)


def _policy_errors(spec: Object, old: Mapping[str, Any] | None) -> list[field.Error]:
    policy = spec["ipFamilyPolicy"]
    errors = []
    if old is not None:
        for name, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
            values = spec.get(name) or []
            if policy == SINGLE_STACK:
                if len(values) > 1 and same(spec, old, name):
                    spec[name] = values[:1]
            elif values and len(values) < len(old.get(name) or []):
                text = f"must be 'SingleStack' to release the secondary {what}"
                errors.append(field.invalid("spec.ipFamilyPolicy", policy, text))
    if policy == SINGLE_STACK:
        for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
            if len(spec.get(name) or ()) == 2:
                errors.append(
                    field.invalid(
                        "spec.ipFamilyPolicy", policy,
                        f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified",
                    )
                )
    return errors


def _add_families_of_ips(spec: Object, families: Collection[str]) -> list[field.Error]:
    """Cluster IPs that were asked for decide families that were not."""
    errors = []
    chosen: list[str] = list(spec.get("ipFamilies") or ())
    ips: list[str] = spec.get("clusterIPs") or []
    for i, ip in enumerate(ips):
        if ip == "None":
            break
        if i >= len(chosen):
            family = family_of(ip)
            if family in families:
                chosen.append(family)
            else:
                errors.append(
                    field.invalid(f"spec.clusterIPs[{i}]", ips, f"{family} is not configured on this cluster")
                )
    if chosen:
        spec["ipFamilies"] = chosen
    return errors


def cluster_ip_errors(spec: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[field.Error]:
    """How addresses, families and policy fit together. `old` is the old spec: its addresses stay allowed."""
    if spec.get("type") == "ExternalName":
        return []
    ips: list[str] = spec.get("clusterIPs") or []
    families: list[str] = spec.get("ipFamilies") or []
    where = "spec.clusterIPs"
    errors = []
    if spec.get("clusterIP"):
        if not ips:
            errors.append(field.required(where))
        elif ips[0] != spec["clusterIP"]:
            errors.append(field.invalid(where, ips, "first value must match `clusterIP`"))
    elif ips:
        errors.append(field.invalid(where, ips, "must be empty when `clusterIP` is not specified"))
    seen: set[str] = set()
    for i, family in enumerate(families):
        if family not in _FAMILIES:
            errors.append(field.not_supported(f"spec.ipFamilies[{i}]", family, _FAMILIES))
        if family in seen:
            errors.append(field.duplicate(f"spec.ipFamilies[{i}]", family))
        seen.add(family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(field.not_supported("spec.ipFamilyPolicy", policy, _POLICIES))
    invalid = _ip_errors(ips, (old or {}).get("clusterIPs") or [])
    errors += invalid
    if len(ips) > 2:
        errors.append(field.invalid(where, ips, "may only hold up to 2 values"))
    if invalid:
        return errors
    if len(ips) > 1 and len({family_of(ip) for ip in ips}) != len(ips):
        errors.append(field.invalid(where, ips, "may specify no more than one IP for each IP family"))
    if not is_headless(spec):
        for i, (ip, family) in enumerate(zip(ips, families, strict=False)):
            if family in _FAMILIES and family_of(ip) != family:
                text = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
                errors.append(field.invalid(f"{where}[{i}]", ip, text))
    return errors


def _ip_errors(ips: list[str], valid_old: list[str]) -> list[field.Error]:
    errors = []
    for i, ip in enumerate(ips):
        if i == 0 and ip == "None":
            if len(ips) > 1:
                errors.append(field.invalid("spec.clusterIPs", ips, "'None' must be the first and only value"))
        else:
            errors += is_valid_ip_for_legacy_field(f"spec.clusterIPs[{i}]", ip, valid_old=valid_old)
    return errors
