"""Validation of endpoints (upstream: pkg/apis/core/validation ValidateEndpoints)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import is_valid_ip_for_legacy_field, parse_ip, warnings_for_ip
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain, is_port_number, is_qualified_name
from pilothouse.registry.rules import NONE, Errors, Obj, each, matching, required_one_of, within

_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
_CONTROLLER: Final = "endpoint-controller"


def validate_endpoints(endpoints: Obj, old: Obj | None = None) -> Errors:
    """Stored subsets stay allowed, if they stay."""
    errors = each(endpoints, "subsets", _subset)
    if errors and old is not None and old.get("subsets") == endpoints.get("subsets"):
        return NONE
    return errors


def endpoint_warnings(endpoints: Obj) -> list[str]:
    """About odd spellings of addresses; the endpoints controller writes none."""
    if (endpoints["metadata"].get("labels") or {}).get(_MANAGED_BY) == _CONTROLLER:
        return []
    return [
        warning
        for i, subset in enumerate(endpoints.get("subsets") or ())
        for name in ("addresses", "notReadyAddresses")
        for j, address in enumerate(subset.get(name) or ())
        for warning in warnings_for_ip(f"subsets[{i}].{name}[{j}].ip", address.get("ip") or "")
    ]


def usable_ip(text: str) -> Errors:
    """What is wrong with an address that others shall send to, where it stands (upstream: ValidateEndpointIP)."""
    address = parse_ip(text)
    if address is None:
        return (field.invalid("", text, "must be a valid IP address"),)
    errors: list[Error] = []
    if address.is_unspecified:
        errors.append(field.invalid("", text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        errors.append(field.invalid("", text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(field.invalid("", text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if _is_link_local_multicast(address.packed):
        what = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        errors.append(field.invalid("", text, what))
    return errors


def _is_link_local_multicast(packed: bytes) -> bool:
    if len(packed) == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 2


def _subset(subset: Obj) -> Errors:
    errors: list[Error] = []
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        errors.append(field.required("", "must specify `addresses` or `notReadyAddresses`"))
    errors += each(subset, "addresses", _address)
    errors += each(subset, "notReadyAddresses", _address)
    named = len(subset.get("ports") or ()) > 1
    return [*errors, *each(subset, "ports", _named_port if named else _port)]


def _address(address: Obj) -> Errors:
    ip = address.get("ip") or ""
    errors = is_valid_ip_for_legacy_field("ip", ip)
    if address.get("hostname"):
        errors += matching(address, "hostname", is_dns1123_label)
    if address.get("nodeName") is not None:
        errors += matching(address, "nodeName", is_dns1123_subdomain)
    return [*errors, *within("ip", usable_ip(ip))]


def _named_port(port: Obj) -> Errors:
    return _port(port) if port.get("name") else [field.required("name"), *_port(port)]


def _port(port: Obj) -> Errors:
    number = port.get("port") or 0
    errors = [*matching(port, "name", is_dns1123_label)] if port.get("name") else []
    errors += [field.invalid("port", number, text) for text in is_port_number(number)]
    errors += required_one_of(port, "protocol", _PROTOCOLS)
    if port.get("appProtocol") is not None:
        errors += matching(port, "appProtocol", is_qualified_name)
    return errors
