"""Validation of services (upstream: pkg/apis/core/validation validateService)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import (
    is_valid_cidr_for_legacy_field,
    is_valid_ip_for_legacy_field,
    parse_ip,
)
from pilothouse.apimachinery.metavalidation import IMMUTABLE, validate_labels
from pilothouse.apimachinery.validation import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_port_name,
    is_port_number,
    is_qualified_name,
)
from pilothouse.registry.core.endpoint_validation import usable_ip
from pilothouse.registry.core.service_allocation import is_exposed, needs_health_check
from pilothouse.registry.core.service_changes import validate_changes
from pilothouse.registry.core.service_families import cluster_ip_errors, is_headless
from pilothouse.registry.rules import (
    NO_FIELDS,
    NONE,
    Errors,
    Obj,
    go_struct,
    matching,
    one_of,
    required_one_of,
    within,
)

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES: Final = ("ClientIP", "None")
_POLICIES: Final = ("Cluster", "Local")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_IP_MODES: Final = ("Proxy", "VIP")
_MAX_AFFINITY_SECONDS: Final = 86400
_ONLY_LOAD_BALANCERS: Final = "may only be used when `type` is 'LoadBalancer'"
_NOT_EXTERNAL: Final = "may not be set for ExternalName services"
_WHEN_CLIENT_IP: Final = "when session affinity type is ClientIP"
_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
_MODE: Final = "service.kubernetes.io/topology-mode"


def validate_service(service: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored service: its addresses and ranges stay allowed, whatever they are."""
    spec: Obj = service.get("spec") or NO_FIELDS
    before: Obj = (old or NO_FIELDS).get("spec") or NO_FIELDS
    annotations: Mapping[str, str] = service["metadata"].get("annotations") or NO_FIELDS
    errors: list[Error] = []
    if annotations:
        errors += _topology(annotations)
    errors += within("spec", _head(spec))
    errors += cluster_ip_errors(spec, before)
    errors += _external_ips(spec, before)
    errors += within("spec", _ports_as_a_whole(spec))
    if spec.get("loadBalancerSourceRanges"):
        errors += _source_ranges(spec, before)
    elif _RANGES in annotations:
        stored = (((old or NO_FIELDS).get("metadata") or NO_FIELDS).get("annotations") or NO_FIELDS).get(_RANGES)
        errors += _annotated_ranges(annotations[_RANGES], stored, spec)
    return [*errors, *within("spec", _tail(spec))]


def validate_service_update(service: Obj, old: Obj) -> Errors:
    spec, before = service.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    errors = [*validate_changes(spec, before), *within("spec", _load_balancer_class(spec, before))]
    checked = needs_health_check(spec) and needs_health_check(before)
    if checked and (spec.get("healthCheckNodePort") or 0) != (before.get("healthCheckNodePort") or 0):
        errors.append(field.forbidden("spec.healthCheckNodePort", IMMUTABLE))
    return [*errors, *validate_service(service, old)]


def validate_service_status(service: Obj, old: Obj) -> Errors:
    ingress = load_balancer_ingress(service)
    if not ingress:
        return NONE
    where = "status.loadBalancer.ingress"
    if (service.get("spec") or NO_FIELDS).get("type") != "LoadBalancer":
        return (field.forbidden(where, "may only be used when `spec.type` is 'LoadBalancer'"),)
    existing = [before["ip"] for before in load_balancer_ingress(old) if before.get("ip")]
    return [error for i, one in enumerate(ingress) for error in within(f"{where}[{i}]", _ingress(one, existing))]


def load_balancer_ingress(service: Obj) -> list[dict[str, Any]]:
    return ((service.get("status") or NO_FIELDS).get("loadBalancer") or NO_FIELDS).get("ingress") or []


def _topology(annotations: Mapping[str, str]) -> Errors:
    mode, hints = annotations.get(_MODE), annotations.get(_HINTS)
    if mode is None or hints is None or mode == hints:
        return NONE
    text = f"must match annotations[{_HINTS}] when both are specified"
    return (field.invalid(field.key("metadata.annotations", _MODE), mode, text),)


# The parts of the spec, in upstream's order


def _head(spec: Obj) -> Errors:
    headless = is_headless(spec)
    errors: list[Error] = []
    if not spec.get("ports") and not headless and spec.get("type") != "ExternalName":
        errors.append(field.required("ports"))
    errors += _of_type(spec, headless)
    errors += _ports(spec)
    if spec.get("selector"):
        errors += validate_labels(spec["selector"], "selector")
    errors += required_one_of(spec, "sessionAffinity", _AFFINITIES)
    return [*errors, *_affinity_config(spec)]


def _of_type(spec: Obj, headless: bool) -> Errors:
    kind = spec.get("type")
    if kind in ("LoadBalancer", "NodePort"):
        if not headless:
            return NONE
        return (field.invalid("clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"),)
    if kind != "ExternalName":
        return NONE
    errors = [field.forbidden(name, _NOT_EXTERNAL) for name in ("clusterIPs", "ipFamilies") if spec.get(name)]
    if spec.get("ipFamilyPolicy") is not None:
        errors.append(field.forbidden("ipFamilyPolicy", _NOT_EXTERNAL))
    # a name may end with a dot, which says that it is complete
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*errors, field.required("externalName")]
    return errors + [field.invalid("externalName", name, text) for text in is_dns1123_subdomain(name)]


def _ports(spec: Obj) -> Errors:
    ports = spec.get("ports")
    if not ports:
        return NONE
    errors: list[Error] = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        name = port.get("name") or ""
        found: list[Error] = []
        if name:
            found += matching(port, "name", is_dns1123_label)
            if name in names:
                found.append(field.duplicate("name", name))
            names.add(name)
        elif len(ports) > 1:
            found.append(field.required("name"))
        found += _port(port)
        if found:
            errors += within(f"ports[{i}]", found)
    return errors


def _port(port: Obj) -> Errors:
    number, target = port.get("port") or 0, port.get("targetPort") or 0
    errors = [field.invalid("port", number, text) for text in is_port_number(number)]
    errors += required_one_of(port, "protocol", PROTOCOLS)
    texts = is_port_name(target) if isinstance(target, str) else is_port_number(target)
    errors += [field.invalid("targetPort", target, text) for text in texts]
    if port.get("appProtocol") is not None:
        errors += matching(port, "appProtocol", is_qualified_name)
    return errors


def _affinity_config(spec: Obj) -> Errors:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    if affinity == "None" and config is not None:
        return (field.forbidden("sessionAffinityConfig", "must not be set when session affinity is None"),)
    if affinity != "ClientIP":
        return NONE
    at, value = "sessionAffinityConfig", config
    for name in ("clientIP", "timeoutSeconds"):
        if value is None:
            break
        at, value = f"{at}.{name}", value.get(name)
    if value is None:
        return (field.required(at, _WHEN_CLIENT_IP),)
    if 0 < value <= _MAX_AFFINITY_SECONDS:
        return NONE
    return (field.invalid(at, value, f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"),)


def _external_ips(spec: Obj, old: Obj) -> Errors:
    """Stored addresses may be malformed, but not of a kind that leads nowhere."""
    existing = old.get("externalIPs") or ()
    errors: list[Error] = []
    for i, ip in enumerate(spec.get("externalIPs") or ()):
        at = f"spec.externalIPs[{i}]"
        errors += is_valid_ip_for_legacy_field(at, ip, valid_old=existing) or within(at, usable_ip(ip))
    return errors


def _ports_as_a_whole(spec: Obj) -> Errors:
    errors = [*required_one_of(spec, "type", _TYPES)]
    ports = spec.get("ports") or ()
    if spec.get("type") == "ClusterIP":
        text = "may not be used when `type` is 'ClusterIP'"
        errors += [
            field.forbidden(f"ports[{i}].nodePort", text) for i, port in enumerate(ports) if port.get("nodePort")
        ]
    if len(ports) < 2:
        return errors
    seen: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        if number := port.get("nodePort"):
            key = (port.get("protocol") or "", number)
            if key in seen:
                errors.append(field.duplicate(f"ports[{i}].nodePort", number))
            seen.add(key)
    seen.clear()
    for i, port in enumerate(ports):
        key = (port.get("protocol") or "", port.get("port") or 0)
        if key in seen:
            errors.append(field.duplicate(f"ports[{i}]", _shown(port)))
        seen.add(key)
    return errors


def _shown(port: Obj) -> dict[str, Any]:
    """What of the port must be unique, as upstream's internal ServicePort."""
    key = {"protocol": port.get("protocol") or "", "port": port.get("port") or 0}
    return go_struct(key, Name="", Protocol="", AppProtocol=None, Port=0, TargetPort=0, NodePort=0)


def _source_ranges(spec: Obj, old: Obj) -> Errors:
    where = "spec.LoadBalancerSourceRanges"  # upstream writes the field in Go's way: kept
    errors = [] if spec.get("type") == "LoadBalancer" else [field.forbidden(where, _ONLY_LOAD_BALANCERS)]
    existing = [cidr.strip() for cidr in old.get("loadBalancerSourceRanges") or ()]
    for i, cidr in enumerate(spec["loadBalancerSourceRanges"]):
        errors += is_valid_cidr_for_legacy_field(f"{where}[{i}]", cidr.strip(), valid_old=existing)
    return errors


def _annotated_ranges(value: str, stored: str | None, spec: Obj) -> Errors:
    """The older way to say the same."""
    where = field.key("metadata.annotations", _RANGES)
    errors = [] if spec.get("type") == "LoadBalancer" else [field.forbidden(where, _ONLY_LOAD_BALANCERS)]
    if value != stored and value.strip():
        for cidr in value.strip().split(","):
            errors += is_valid_cidr_for_legacy_field(where, cidr.strip())
    return errors


def _tail(spec: Obj) -> Errors:
    kind = spec.get("type")
    errors: list[Error] = []
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        errors.append(field.forbidden("allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCERS))
    errors += _load_balancer_class(spec, None)
    errors += _external_traffic(spec)
    if spec.get("internalTrafficPolicy") is not None:
        errors += one_of(spec, "internalTrafficPolicy", _POLICIES)
    elif kind in ("ClusterIP", "LoadBalancer", "NodePort"):
        errors.append(field.required("internalTrafficPolicy"))
    if spec.get("trafficDistribution") is not None:
        errors += one_of(spec, "trafficDistribution", _DISTRIBUTIONS)
    return errors


def _load_balancer_class(spec: Obj, old: Obj | None) -> Errors:
    value = spec.get("loadBalancerClass")
    errors: list[Error] = []
    if spec.get("type") != "LoadBalancer":
        return NONE if value is None else (field.forbidden("loadBalancerClass", _ONLY_LOAD_BALANCERS),)
    if old is not None and old.get("type") == "LoadBalancer" and old.get("loadBalancerClass") != value:
        errors.append(field.invalid("loadBalancerClass", value, "may not change once set"))
    return errors if value is None else [*errors, *matching(spec, "loadBalancerClass", is_qualified_name)]


def _external_traffic(spec: Obj) -> Errors:
    policy, check = spec.get("externalTrafficPolicy") or "", spec.get("healthCheckNodePort") or 0
    errors: list[Error] = []
    if is_exposed(spec):
        errors += required_one_of(spec, "externalTrafficPolicy", _POLICIES)
    elif policy:
        text = "may only be set for externally-accessible services"
        errors.append(field.invalid("externalTrafficPolicy", policy, text))
    if needs_health_check(spec):
        if not check:
            errors.append(field.required("healthCheckNodePort"))
        else:
            errors += [field.invalid("healthCheckNodePort", check, text) for text in is_port_number(check)]
    elif check:
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(field.invalid("healthCheckNodePort", check, text))
    return errors


def _ingress(ingress: Obj, existing: list[str]) -> Errors:
    """One address of a load balancer."""
    errors: list[Error] = []
    ip, mode, host = ingress.get("ip") or "", ingress.get("ipMode"), ingress.get("hostname") or ""
    if ip:
        errors += is_valid_ip_for_legacy_field("ip", ip, valid_old=existing)
    if mode is None:
        if ip:
            errors.append(field.required("ipMode", "must be specified when `ip` is set"))
    elif not ip:
        errors.append(field.forbidden("ipMode", "may not be specified when `ip` is not set"))
    else:
        errors += one_of(ingress, "ipMode", _IP_MODES)
    if host:
        errors += matching(ingress, "hostname", is_dns1123_subdomain)
        if parse_ip(host) is not None:
            errors.append(field.invalid("hostname", host, "must be a DNS name, not an IP address"))
    return errors
