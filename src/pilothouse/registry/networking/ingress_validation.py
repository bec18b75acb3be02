"""Validation of ingresses (upstream: pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pilothouse.apimachinery import field, ipvalidation
from pilothouse.apimachinery.names import is_dns_label
from pilothouse.apimachinery.validation import (
    is_dns1123_subdomain,
    is_port_name,
    is_port_number,
    is_wildcard_dns1123_subdomain,
)
from pilothouse.registry.networking.validation import NO_FIELDS, typed_reference
from pilothouse.registry.rules import NONE, Errors, Obj, each, matching, member, required_matching, within

INGRESS_CLASS: Final = "kubernetes.io/ingress.class"
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_FORBIDDEN_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_FORBIDDEN_ENDS: Final = ("/..", "/.")
_NO_IP: Final = "must be a DNS name, not an IP address"


def validate_ingress(ingress: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored ingress: faults of secret names and wildcard rules that it has may stay."""
    spec = ingress.get("spec") or NO_FIELDS
    before = (old or NO_FIELDS).get("spec") or NO_FIELDS
    any_secret = any(_secret_name(tls) for tls in before.get("tls") or ())
    any_wildcard_rule = any("*" in (rule.get("host") or "") and _rule_value(rule) for rule in before.get("rules") or ())

    def validate_tls(tls: Obj) -> Errors:
        return [*_tls_hosts(tls), *(NONE if any_secret else _secret_name(tls))]

    def validate_rule(rule: Obj) -> Errors:
        host = rule.get("host") or ""
        skipped = any_wildcard_rule and "*" in host
        return [*_host(host), *(NONE if skipped else _rule_value(rule))]

    errors = []
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        errors.append(field.invalid("", spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))
    errors += member(spec, "defaultBackend", _validate_backend)
    errors += each(spec, "rules", validate_rule)
    errors += each(spec, "tls", validate_tls)
    if spec.get("ingressClassName") is not None:
        errors += matching(spec, "ingressClassName", is_dns1123_subdomain)
    return within("spec", errors)


def validate_ingress_class_annotation(ingress: Obj) -> Errors:
    """On create only, the old annotation and the new field must not differ."""
    annotated = (ingress["metadata"].get("annotations") or NO_FIELDS).get(INGRESS_CLASS)
    name = (ingress.get("spec") or NO_FIELDS).get("ingressClassName")
    if annotated is None or name is None or annotated == name:
        return NONE
    text = "must match `ingressClassName` when both are specified"
    return (field.invalid(f"annotations.{INGRESS_CLASS}", annotated, text),)


def validate_ingress_status(ingress: Obj, old: Obj) -> Errors:
    known = frozenset(point["ip"] for point in _load_balancer_points(old) if point.get("ip"))
    errors: list[field.Error] = []
    for i, point in enumerate(_load_balancer_points(ingress)):
        path = f"status.loadBalancer.ingress[{i}]"
        if ip := point.get("ip"):
            errors += ipvalidation.is_valid_ip_for_legacy_field(f"{path}.ip", ip, valid_old=known)
        if host := point.get("hostname"):
            errors += [field.invalid(f"{path}.hostname", host, text) for text in is_dns1123_subdomain(host)]
            if ipvalidation.parse_ip(host) is not None:
                errors.append(field.invalid(f"{path}.hostname", host, _NO_IP))
    return errors


def _load_balancer_points(ingress: Obj) -> list[Obj]:
    return ((ingress.get("status") or NO_FIELDS).get("loadBalancer") or NO_FIELDS).get("ingress") or []


def _tls_hosts(tls: Obj) -> Iterator[field.Error]:
    for i, host in enumerate(tls.get("hosts") or ()):
        for text in (is_wildcard_dns1123_subdomain if "*" in host else is_dns1123_subdomain)(host):
            yield field.invalid(f"hosts[{i}]", host, text)


def _secret_name(tls: Obj) -> Errors:
    return matching(tls, "secretName", is_dns1123_subdomain) if tls.get("secretName") else NONE


def _host(host: str) -> Errors:
    if not host:
        return NONE
    errors = [field.invalid("host", host, _NO_IP)] if ipvalidation.parse_ip(host) is not None else []
    texts = (is_wildcard_dns1123_subdomain if "*" in host else is_dns1123_subdomain)(host)
    return errors + [field.invalid("host", host, text) for text in texts]


def _rule_value(rule: Obj) -> Errors:
    http = rule.get("http")
    if http is None:
        return NONE
    if not http.get("paths"):
        return (field.required("http.paths"),)
    return within("http", each(http, "paths", _validate_path))


def _validate_path(path: Obj) -> Errors:
    kind, text = path.get("pathType"), path.get("path") or ""
    if kind is None:
        return (field.required("pathType", "pathType must be specified"),)
    errors = []
    if kind not in _PATH_TYPES:
        errors.append(field.not_supported("pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errors.append(field.invalid("path", text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errors += [
            field.invalid("path", text, f"must not contain '{part}'") for part in _FORBIDDEN_SEQUENCES if part in text
        ]
        errors += [
            field.invalid("path", text, f"cannot end with '{end}'") for end in _FORBIDDEN_ENDS if text.endswith(end)
        ]
    return [*errors, *within("backend", _validate_backend(path.get("backend") or NO_FIELDS))]


def _validate_backend(backend: Obj) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return (field.invalid("", "", "cannot set both resource and service backends"),)
    if resource is not None:
        return within("resource", typed_reference(resource))
    if service is None:
        return (field.invalid("", "", "resource or service backend is required"),)
    errors = [*within("service", required_matching(service, "name", is_dns_label))]
    port = service.get("port") or NO_FIELDS
    name, number = port.get("name") or "", port.get("number") or 0
    if name and number:
        errors.append(field.invalid("", "", "cannot set both port name & port number"))
    elif name:
        errors += [field.invalid("service.port.name", name, text) for text in is_port_name(name)]
    elif number:
        errors += [field.invalid("service.port.number", number, text) for text in is_port_number(number)]
    else:
        errors.append(field.required("", "port name or number is required"))
    return errors
