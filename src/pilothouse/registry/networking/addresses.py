"""Checks of IPAddress objects (upstream: pkg/apis/networking/validation)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.ipvalidation import is_valid_ip
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_path_segment_name
from pilothouse.registry.rules import go_struct


def canonical_ip_errors(text: str) -> list[str]:
    """Why `text` is no IP address in its canonical spelling."""
    return [error.detail for error in is_valid_ip("", text)]


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


def shown(ref: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A parentRef as an error shows it."""
    return None if ref is None else go_struct(ref, Group="", Resource="", Namespace="", Name="")
