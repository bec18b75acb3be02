"""Validation of endpoint slices (upstream: pkg/apis/discovery/validation)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Any, Final

from pilothouse.apimachinery import field, ipvalidation
from pilothouse.apimachinery.metavalidation import validate_labels
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain, is_label_value, is_qualified_name
from pilothouse.registry.rules import (
    Errors,
    Format,
    Obj,
    anchored,
    each,
    immutable,
    matching,
    member,
    one_of,
    required_one_of,
    within,
)

_ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_MOST_TOPOLOGY: Final = 16
_MOST_ADDRESSES: Final = 100
_MOST_PORTS: Final = 20000
_MOST_ENDPOINTS: Final = 1000
_MOST_HINTS: Final = 8
_MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS: Final = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
_check_labels: Final = anchored(validate_labels)


def validate_endpoint_slice(endpoint_slice: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored slice: its endpoints, if they stay, are good whatever they are."""
    errors = [*required_one_of(endpoint_slice, "addressType", _ADDRESS_TYPES)]
    errors += _validate_ports(endpoint_slice.get("ports") or ())
    found = _validate_endpoints(endpoint_slice)
    if found and (old is None or (old.get("endpoints") or None) != endpoint_slice.get("endpoints")):
        errors += found
    return errors if old is None else [*errors, *immutable(endpoint_slice, old, "addressType", zero="")]


def address_warnings(endpoint_slice: Obj) -> list[str]:
    """About odd spellings of IPs, unless Kubernetes' own controllers wrote them."""
    labels = endpoint_slice["metadata"].get("labels") or {}
    if labels.get(_MANAGED_BY) in _CONTROLLERS:
        return []
    return [
        warning
        for i, endpoint in enumerate(endpoint_slice.get("endpoints") or ())
        for j, address in enumerate(endpoint.get("addresses") or ())
        for warning in ipvalidation.warnings_for_ip(f"endpoints[{i}].addresses[{j}]", address)
    ]


def _validate_ports(ports: Sequence[Obj]) -> Errors:
    if len(ports) > _MOST_PORTS:
        return (field.too_many("ports", len(ports), _MOST_PORTS),)
    errors: list[field.Error] = []
    seen = set()
    for i, port in enumerate(ports):
        name = port.get("name") or ""
        path = f"ports[{i}]"
        if name:
            errors += within(path, matching(port, "name", is_dns1123_label))
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
        if port.get("protocol") is None:
            errors.append(field.required(f"{path}.protocol"))
        else:
            errors += within(path, one_of(port, "protocol", _PROTOCOLS))
        if port.get("appProtocol") is not None:
            errors += within(path, matching(port, "appProtocol", is_qualified_name))
    return errors


def _validate_endpoints(endpoint_slice: Obj) -> Errors:
    endpoints = endpoint_slice.get("endpoints") or ()
    if len(endpoints) > _MOST_ENDPOINTS:
        return (field.too_many("endpoints", len(endpoints), _MOST_ENDPOINTS),)
    check_address = _ADDRESS_CHECKS.get(endpoint_slice.get("addressType") or "", _any_address)
    return each(endpoint_slice, "endpoints", lambda endpoint: _validate_endpoint(endpoint, check_address))


def _validate_endpoint(endpoint: Obj, check_address: Callable[[str, str], Errors]) -> Errors:
    addresses = endpoint.get("addresses") or ()
    errors: list[field.Error] = []
    if not addresses:
        errors.append(field.required("addresses", "must contain at least 1 address"))
    elif len(addresses) > _MOST_ADDRESSES:
        errors.append(field.too_many("addresses", len(addresses), _MOST_ADDRESSES))
    for i, address in enumerate(addresses):
        errors += check_address(f"addresses[{i}]", address)
    if endpoint.get("nodeName") is not None:
        errors += matching(endpoint, "nodeName", is_dns1123_subdomain)
    topology = endpoint.get("deprecatedTopology")
    if topology:
        if len(topology) > _MOST_TOPOLOGY:
            errors.append(field.too_many("deprecatedTopology", len(topology), _MOST_TOPOLOGY))
        errors += member(endpoint, "deprecatedTopology", _check_labels)
    if endpoint.get("hostname") is not None:
        errors += matching(endpoint, "hostname", is_dns1123_label)
    return [*errors, *member(endpoint, "hints", _validate_hints)]


def _validate_hints(hints: Obj) -> Errors:
    zones, nodes = hints.get("forZones") or (), hints.get("forNodes") or ()
    if len(zones) > _MOST_HINTS:
        return (field.too_many("forZones", len(zones), _MOST_HINTS),)
    errors = [*_hint_names("forZones", zones, is_label_value)]
    if len(nodes) > _MOST_HINTS:
        return [*errors, field.too_many("forNodes", len(nodes), _MOST_HINTS)]
    return [*errors, *_hint_names("forNodes", nodes, is_dns1123_subdomain)]


def _hint_names(list_name: str, hints: Sequence[Obj], is_format: Format) -> Errors:
    errors: list[field.Error] = []
    seen = set()
    for i, hint in enumerate(hints):
        name, path = hint.get("name") or "", f"{list_name}[{i}]"
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
        errors += within(path, matching(hint, "name", is_format))
    return errors


# Addresses


def _any_address(path: str, address: str) -> Errors:
    return ()


def _ipv4(path: str, address: str) -> Errors:
    return ipvalidation.is_valid_ip_for_legacy_field(path, address) or _endpoint_ip(path, address, 4)


def _ipv6(path: str, address: str) -> Errors:
    return ipvalidation.is_valid_ip(path, address) or _endpoint_ip(path, address, 6)


def _endpoint_ip(path: str, address: str, family: int) -> Errors:
    ip: Any = ipvalidation.parse_ip(address)
    errors = []
    if ip.version != family:
        # of the wrong family is the list, not the address: kept
        errors.append(field.invalid(path.partition("[")[0], address, f"must be an IPv{family} address"))
    return [*errors, *endpoint_ip(path, address)]


def endpoint_ip(path: str, address: str) -> Errors:
    """What endpoints may not have as their address (upstream: core/validation ValidateEndpointIP)."""
    ip = ipvalidation.parse_ip(address)
    if ip is None:
        return (field.invalid(path, address, "must be a valid IP address"),)
    errors = []
    if ip.is_unspecified:
        errors.append(field.invalid(path, address, f"may not be unspecified ({address})"))
    if ip.is_loopback:
        text = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        errors.append(field.invalid(path, address, text))
    if ip.is_link_local:
        text = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        errors.append(field.invalid(path, address, text))
    if ip.packed[:3] == b"\xe0\0\0" if isinstance(ip, IPv4Address) else _is_link_local_multicast(ip.packed):
        text = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        errors.append(field.invalid(path, address, text))
    return errors


def _is_link_local_multicast(packed: bytes) -> bool:
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


def _fqdn(path: str, name: str) -> Errors:
    if not name:
        return (field.required(path),)
    name = name.removesuffix(".")
    if texts := is_dns1123_subdomain(name):
        return (field.invalid(path, name, ",".join(texts)),)
    labels = name.split(".")
    if len(labels) < 2:
        return (field.invalid(path, name, "should be a domain with at least two segments separated by dots"),)
    for label in labels:
        if texts := is_dns1123_label(label):
            return (field.invalid(path, label, ",".join(texts)),)
    return ()


_ADDRESS_CHECKS: Final = {"IPv4": _ipv4, "IPv6": _ipv6, "FQDN": _fqdn}
