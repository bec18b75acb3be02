"""Validation of nodes (upstream: pkg/apis/core/validation ValidateNode, ValidateNodeUpdate)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.codec import json
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import is_valid_cidr_for_legacy_field, parse_cidr, warnings_for_cidr
from pilothouse.apimachinery.metavalidation import validate_label_name
from pilothouse.apimachinery.validation import (
    DNS1123_SUBDOMAIN_MAX_LENGTH,
    byte_length,
    is_config_map_key,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_label_value,
)
from pilothouse.registry.core.resource_validation import resource_amount
from pilothouse.registry.rules import (
    NO_FIELDS,
    NONE,
    Errors,
    Obj,
    go_struct,
    member,
    required,
    required_matching,
    required_one_of,
    within,
)

TAINT_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TAINTS: Final = "scheduler.alpha.kubernetes.io/taints"
_AVOID_PODS: Final = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_ONE_SOURCE: Final = "exactly one reference subfield must be non-nil"
_CIDRS_STAY: Final = 'node updates may not change podCIDR except from "" to valid'
_PROVIDER_STAYS: Final = 'node updates may not change providerID except from "" to valid'
_is_feature = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*").fullmatch


def validate_node(node: Obj) -> Errors:
    spec, status = node.get("spec") or NO_FIELDS, node.get("status") or NO_FIELDS
    errors = [*_annotations(node), *_taints(spec), *_resources(status)]
    swap = ((status.get("nodeInfo") or NO_FIELDS).get("swap") or NO_FIELDS).get("capacity")
    if swap is not None and swap <= 0:
        # the paths here and of taints begin at the metadata, as upstream's do
        errors.append(field.invalid("metadata.nodeSwapStatus.capacity", swap, "must be greater than zero"))
    errors += _features(status.get("declaredFeatures") or ())
    return [*errors, *_pod_cidrs(spec.get("podCIDRs") or ())]


def validate_node_update(node: Obj, old: Obj) -> Errors:
    """What may change, of the node or of its status."""
    spec, before = node.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    status = node.get("status") or NO_FIELDS
    errors = [*_annotations(node), *_resources(status), *_features(status.get("declaredFeatures") or ())]
    errors += _addresses(status.get("addresses") or ())
    if stored := before.get("podCIDRs"):
        cidrs = spec.get("podCIDRs") or ()
        changed = 1 if len(cidrs) != len(stored) else sum(a != b for a, b in zip(cidrs, stored, strict=True))
        errors += [field.forbidden("spec.podCIDRs", _CIDRS_STAY)] * changed
    if before.get("providerID") and before["providerID"] != spec.get("providerID"):
        errors.append(field.forbidden("spec.providerID", _PROVIDER_STAYS))
    errors += within("spec", member(spec, "configSource", _desired_source))
    errors += within("status", member(status, "config", _config_status))
    errors += _taints(spec)
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        errors.append(field.forbidden("spec.externalID", "may not be updated"))
    return errors


def node_warnings(node: Obj) -> list[str]:
    spec = node.get("spec") or NO_FIELDS
    warnings = ["spec.configSource: the feature is removed"] if spec.get("configSource") is not None else []
    if spec.get("externalID"):
        warnings.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for i, cidr in enumerate(spec.get("podCIDRs") or ()):
        warnings += warnings_for_cidr(f"spec.podCIDRs[{i}]", cidr)
    return warnings


# Taints


def _taints(spec: Obj) -> Errors:
    taints = spec.get("taints")
    return within("metadata.taints", _each_taint(taints)) if taints else NONE


def _each_taint(taints: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        found = [*validate_label_name(taint.get("key") or "", "key")]
        value = taint.get("value") or ""
        if texts := is_label_value(value):
            found.append(field.invalid("value", value, ";".join(texts)))
        found += required_one_of(taint, "effect", TAINT_EFFECTS)
        key = (taint.get("key") or "", taint.get("effect") or "")
        if key in seen:
            shown = go_struct(taint, Key="", Value="", Effect="", TimeAdded=None)
            found.append(Error(field.DUPLICATE, "", shown, "taints must be unique by key and effect pair"))
        seen.add(key)
        errors += within(f"[{i}]", found)
    return errors


# Annotations that said what fields say now


def _annotations(node: Obj) -> Errors:
    annotations: Mapping[str, str] = node["metadata"].get("annotations") or NO_FIELDS
    if not annotations:
        return NONE
    errors: list[Error] = []
    if text := annotations.get(_TAINTS):
        value, wrong = _parsed(text)
        if wrong:
            errors.append(field.invalid("metadata.annotations", _TAINTS, wrong))
        elif isinstance(value, list):
            taints = [entry for entry in value if isinstance(entry, dict)]
            errors += within(f"metadata.annotations.{_TAINTS}", _each_taint(taints))
    if text := annotations.get(_AVOID_PODS):
        value, wrong = _parsed(text)
        if wrong:
            errors.append(field.invalid("metadata.annotations.AvoidPods", _AVOID_PODS, wrong))
        elif isinstance(value, dict):
            errors += within(f"metadata.annotations.{_AVOID_PODS}", _avoided(value.get("preferAvoidPods") or ()))
    return errors


def _parsed(text: str) -> tuple[Any, str]:
    """(the JSON value, what is wrong with it)."""
    try:
        return json.loads(text.encode()), ""
    except json.SyntaxError as e:
        return None, str(e)


def _avoided(entries: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    for i, entry in enumerate(entries):
        owner = (entry.get("podSignature") or NO_FIELDS).get("podController")
        if owner is None:
            errors.append(field.required(f"[{i}].PodSignature"))
        elif not owner.get("controller"):
            where = f"[{i}].PodSignature.PodController.Controller"
            errors.append(field.invalid(where, False, "must point to a controller"))
    return errors


# Status


def _resources(status: Obj) -> Errors:
    errors: list[Error] = []
    for name in ("capacity", "allocatable"):
        for resource, amount in (status.get(name) or NO_FIELDS).items():
            if found := resource_amount(resource, amount):
                errors += within(f"status.{name}.{resource}", found)
    return errors


def _features(features: Sequence[str]) -> Errors:
    errors: list[Error] = []
    for i, feature in enumerate(features):
        at = f"status.declaredFeatures[{i}]"
        if i and feature == features[i - 1]:
            errors.append(field.duplicate(at, feature))
        elif i and feature < features[i - 1]:
            errors.append(field.invalid(at, feature, "list must be sorted alphabetically"))
        if text := _wrong_feature(feature):
            errors.append(field.invalid(at, feature, f"invalid feature name {field.go_quote(feature)}: {text}"))
    return errors


def _wrong_feature(feature: str) -> str:
    if byte_length(feature) > DNS1123_SUBDOMAIN_MAX_LENGTH:
        return f"must be no more than {DNS1123_SUBDOMAIN_MAX_LENGTH} characters"
    if _is_feature(feature):
        return ""
    return (
        "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
        "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
    )


def _addresses(addresses: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    seen: set[tuple[str, str]] = set()
    for i, address in enumerate(addresses):
        key = (address.get("type") or "", address.get("address") or "")
        if key in seen:
            errors.append(field.duplicate(f"status.addresses[{i}]", go_struct(address, Type="", Address="")))
        seen.add(key)
    return errors


# Pod CIDRs


def _pod_cidrs(cidrs: Sequence[str]) -> Errors:
    errors: list[Error] = []
    for i, cidr in enumerate(cidrs):
        errors += is_valid_cidr_for_legacy_field(f"spec.podCIDRs[{i}]", cidr)
    if len(cidrs) < 2:
        return errors
    families: set[int] = set()
    for i, cidr in enumerate(cidrs):
        found = parse_cidr(cidr)
        if found is None:
            text = "invalid PodCIDRs. failed to check with dual stack with error:" + _unparsed(cidr, i)
            errors.append(field.internal("spec.podCIDRs", text))
            families.clear()
            break
        families.add(found[1].version)
    if len(cidrs) > 2 or len(families) != 2:
        errors.append(
            field.invalid("spec.podCIDRs", list(cidrs), "may specify no more than one CIDR for each IP family")
        )
    return errors


def _unparsed(cidr: str, i: int) -> str:
    return f"invalid CIDR[{i}]: <nil> (invalid CIDR address: {cidr})"


# Dynamic configuration of kubelets, which is gone; what is stored may stay


def _desired_source(source: Obj) -> Errors:
    def check(config_map: Obj) -> Errors:
        errors = [
            field.forbidden(name, f"{name} must not be set in spec")
            for name in ("uid", "resourceVersion") if config_map.get(name)
        ]
        return [*errors, *_config_map(config_map)]

    return [*member(source, "configMap", check), *_one_source(source)]


def _config_status(status: Obj) -> Errors:
    return [
        error for name in ("assigned", "active", "lastKnownGood") for error in member(status, name, _actual_source)
    ]


def _actual_source(source: Obj) -> Errors:
    def check(config_map: Obj) -> Errors:
        return [*required(config_map, "uid"), *required(config_map, "resourceVersion"), *_config_map(config_map)]

    return [*member(source, "configMap", check), *_one_source(source)]


def _one_source(source: Obj) -> Errors:
    if source.get("configMap") is not None:
        return NONE
    return (field.invalid("", {"ConfigMap": None}, _ONE_SOURCE),)


def _config_map(config_map: Obj) -> Errors:
    return [
        *required_matching(config_map, "namespace", is_dns1123_label),
        *required_matching(config_map, "name", is_dns1123_subdomain),
        *required_matching(config_map, "kubeletConfigKey", is_config_map_key),
    ]
