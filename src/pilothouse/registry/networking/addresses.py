"""Checks of IPAddress objects (upstream: pkg/apis/networking/validation, apimachinery util/validation/ip.go)."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_path_segment_name

_LEADING_ZEROS = re.compile(r"(^|\.)0+(?=[0-9])")


def canonical_ip_errors(text: str) -> list[str]:
    """Why `text` is no IP address in its canonical spelling."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        sloppy = _LEADING_ZEROS.sub(r"\1", text)
        try:
            ipaddress.IPv4Address(sloppy)
        except ValueError:
            return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
        return ["must not have leading 0s"]
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ["must not be an IPv4-mapped IPv6 address"]
    return [] if str(ip) == text else [f"must be in canonical form ({go_quote(str(ip))})"]


def parent_errors(ref: Mapping[str, Any] | None) -> list[field.Error]:
    """The checks of an IPAddress's spec.parentRef."""
    where = "spec.parentRef"
    if ref is None:
        return [field.required(where)]
    errors = []
    if ref.get("group"):
        errors += [field.invalid(f"{where}.group", ref["group"], t) for t in is_dns1123_subdomain(ref["group"])]
    for name in ("resource", "name"):
        value = ref.get(name)
        if not value:
            errors.append(field.required(f"{where}.{name}"))
        else:
            errors += [field.invalid(f"{where}.{name}", value, text) for text in is_path_segment_name(value)]
    namespace = ref.get("namespace")
    if namespace:
        errors += [field.invalid(f"{where}.namespace", namespace, text) for text in is_path_segment_name(namespace)]
    return errors
