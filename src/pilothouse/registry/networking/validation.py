"""Validation of network policies, ingress classes and service CIDRs (upstream: pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pilothouse.apimachinery import field, ipvalidation
from pilothouse.apimachinery.domainpath import is_domain_prefixed_path
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.names import is_dns_label
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_subdomain,
    is_path_segment_name,
    is_port_name,
    is_port_number,
)
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    label_selector,
    label_selector_after,
    matching,
    member,
    one_of,
    required_matching,
    within,
)

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_DIRECTIONS: Final = ("Ingress", "Egress")
_SCOPES: Final = ("Cluster", "Namespace")
_CONTROLLER_MAX_LENGTH: Final = 250
_CIDRS: Final = "spec.cidrs"


# NetworkPolicies


def validate_network_policy(policy: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored policy: its CIDRs stay allowed, whatever they are."""
    check = label_selector if old is None else label_selector_after((old.get("spec") or NO_FIELDS).get("podSelector"))
    known = frozenset(_cidrs(old)) if old is not None else frozenset()

    def validate_peer(peer: Obj) -> Errors:
        block = peer.get("ipBlock")
        errors = [*member(peer, "podSelector", check), *member(peer, "namespaceSelector", check)]
        others = sum(peer.get(name) is not None for name in ("podSelector", "namespaceSelector"))
        if block is not None:
            errors += within("ipBlock", _validate_ip_block(block, known))
            if others:
                errors.append(field.forbidden("", "may not specify both ipBlock and another peer"))
        elif not others:
            errors.append(field.required("", "must specify a peer"))
        return errors

    def validate_ingress(rule: Obj) -> Errors:
        return [*each(rule, "ports", _validate_policy_port), *each(rule, "from", validate_peer)]

    def validate_egress(rule: Obj) -> Errors:
        return [*each(rule, "ports", _validate_policy_port), *each(rule, "to", validate_peer)]

    def validate_spec(spec: Obj) -> Errors:
        return [
            *member(spec, "podSelector", check),
            *each(spec, "ingress", validate_ingress),
            *each(spec, "egress", validate_egress),
            *_validate_policy_types(spec.get("policyTypes") or []),
        ]

    return member(policy, "spec", validate_spec)


def network_policy_warnings(policy: Obj) -> list[str]:
    """About CIDRs that are written in an odd way."""
    spec = policy.get("spec") or NO_FIELDS
    return [
        warning
        for direction, peers in (("ingress", "from"), ("egress", "to"))
        for i, rule in enumerate(spec.get(direction) or ())
        for j, peer in enumerate(rule.get(peers) or ())
        if peer.get("ipBlock")
        for warning in _block_warnings(f"spec.{direction}[{i}].{peers}[{j}].ipBlock", peer["ipBlock"])
    ]


def _block_warnings(path: str, block: Obj) -> Iterator[str]:
    yield from ipvalidation.warnings_for_cidr(f"{path}.cidr", block.get("cidr") or "")
    for k, cidr in enumerate(block.get("except") or ()):
        yield from ipvalidation.warnings_for_cidr(f"{path}.except[{k}]", cidr)


def _cidrs(policy: Obj) -> Iterator[str]:
    spec = policy.get("spec") or NO_FIELDS
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or ():
            for peer in rule.get(peers) or ():
                block = peer.get("ipBlock")
                if block is not None:
                    yield block.get("cidr") or ""
                    yield from block.get("except") or ()


def _validate_policy_types(types: list[str]) -> Errors:
    if len(types) > len(_DIRECTIONS):
        return (field.invalid("policyTypes", types, "may not specify more than two policyTypes"),)
    return [
        field.not_supported(f"policyTypes[{i}]", name, _DIRECTIONS)
        for i, name in enumerate(types) if name not in _DIRECTIONS
    ]


def _validate_policy_port(port: Obj) -> Errors:
    errors = [*one_of(port, "protocol", _PROTOCOLS)] if port.get("protocol") is not None else []
    number, end = port.get("port"), port.get("endPort")
    if number is None:
        if end is not None:
            errors.append(field.invalid("endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        if end is not None:
            errors.append(field.invalid("endPort", end, "may not be specified when `port` is non-numeric"))
        errors += [field.invalid("port", number, text) for text in is_port_name(number)]
    else:
        errors += [field.invalid("port", number, text) for text in is_port_number(number)]
        if end is not None:
            if end < number:
                errors.append(field.invalid("endPort", number, "must be greater than or equal to `port`"))
            errors += [field.invalid("endPort", end, text) for text in is_port_number(end)]
    return errors


def _validate_ip_block(block: Obj, known: frozenset[str]) -> Errors:
    cidr = block.get("cidr") or ""
    if not cidr:
        return (field.required("cidr"),)
    errors = ipvalidation.is_valid_cidr_for_legacy_field("cidr", cidr, valid_old=known)
    outer = ipvalidation.parse_cidr(cidr)
    if outer is None:
        return errors
    for i, text in enumerate(block.get("except") or ()):
        path = f"except[{i}]"
        errors += ipvalidation.is_valid_cidr_for_legacy_field(path, text, valid_old=known)
        inner = ipvalidation.parse_cidr(text)
        if inner is None:
            continue
        if inner[1].network_address not in outer[1] or outer[1].prefixlen >= inner[1].prefixlen:
            errors.append(field.invalid(path, text, "must be a strict subset of `cidr`"))
    return errors


# IngressClasses


def validate_ingress_class(ingress_class: Obj) -> Errors:
    return within("spec", _validate_ingress_class_spec(ingress_class.get("spec") or NO_FIELDS))


def validate_ingress_class_update(ingress_class: Obj, old: Obj) -> Errors:
    new, before = ((o.get("spec") or NO_FIELDS).get("controller") or "" for o in (ingress_class, old))
    errors = [] if new == before else [field.invalid("spec.controller", new, IMMUTABLE)]
    return [*errors, *validate_ingress_class(ingress_class)]


def _validate_ingress_class_spec(spec: Obj) -> Errors:
    controller = spec.get("controller") or ""
    errors = []
    if byte_length(controller) > _CONTROLLER_MAX_LENGTH:
        errors.append(field.too_long("controller", _CONTROLLER_MAX_LENGTH))
    errors += is_domain_prefixed_path("controller", controller)
    errors += member(spec, "parameters", _validate_parameters)
    return errors


def _validate_parameters(ref: Obj) -> Errors:
    errors = [*typed_reference(ref)]
    scope, namespace = ref.get("scope"), ref.get("namespace")
    if scope is None:
        errors.append(field.required("scope"))
    elif scope not in _SCOPES:
        errors.append(field.not_supported("scope", scope, _SCOPES))
    elif scope == "Cluster":
        if namespace is not None:
            errors.append(field.forbidden("namespace", "`parameters.scope` is set to 'Cluster'"))
    elif namespace is None:
        errors.append(field.required("namespace", "`parameters.scope` is set to 'Namespace'"))
    else:
        errors += matching(ref, "namespace", is_dns_label)
    return errors


def typed_reference(ref: Obj) -> Errors:
    """A reference by group, kind and name, such as an ingress backend's resource."""
    return [
        *(matching(ref, "apiGroup", is_dns1123_subdomain) if ref.get("apiGroup") is not None else NONE),
        *required_matching(ref, "kind", is_path_segment_name),
        *required_matching(ref, "name", is_path_segment_name),
    ]


# ServiceCIDRs


def validate_service_cidr(service_cidr: Obj) -> Errors:
    spec = service_cidr.get("spec") or NO_FIELDS
    cidrs = spec.get("cidrs") or []
    if not cidrs:
        return (field.required(_CIDRS, "at least one CIDR required"),)
    if len(cidrs) > 2:
        return (field.invalid(_CIDRS, {"CIDRs": cidrs}, "may only hold up to 2 values"),)
    errors = [error for i, cidr in enumerate(cidrs) for error in ipvalidation.is_valid_cidr(f"{_CIDRS}[{i}]", cidr)]
    if len(cidrs) == 2:
        first, second = map(ipvalidation.parse_cidr, cidrs)
        if first is not None and second is not None and first[1].version == second[1].version:
            errors.append(field.invalid(
                _CIDRS, cidrs,
                "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
            ))
    return errors


def validate_service_cidr_update(service_cidr: Obj, old: Obj) -> Errors:
    """The CIDRs stay, but for a second one that makes the range dual-stack."""
    new, before = ((o.get("spec") or NO_FIELDS).get("cidrs") or [] for o in (service_cidr, old))
    if len(new) == len(before):
        return [
            field.invalid(f"{_CIDRS}[{i}]", new[i], IMMUTABLE) for i, cidr in enumerate(before) if cidr != new[i]
        ]
    if len(before) == 1 and len(new) == 2:
        errors = [] if new[0] == before[0] else [field.invalid(f"{_CIDRS}[0]", new[0], IMMUTABLE)]
        return [*errors, *validate_service_cidr(service_cidr)]
    return (field.invalid(_CIDRS, new or None, IMMUTABLE),)


NO_FIELDS: Final[Obj] = {}
