"""Validation of horizontal pod autoscalers, in the form of v2 (upstream: pkg/apis/autoscaling/validation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_path_segment_name
from pilothouse.registry.autoscaling.metric_validation import validate_metric
from pilothouse.registry.core.amounts import is_amount
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    matching,
    member,
    non_negative,
    one_of,
    required_matching,
    within,
)

_MOST_PERIOD_SECONDS: Final = 1800
_MOST_WINDOW_SECONDS: Final = 3600
_SELECT_POLICIES: Final = ("Disabled", "Max", "Min")
_POLICY_TYPES: Final = ("Percent", "Pods")


def validate_autoscaler(autoscaler: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored autoscaler: what it has of a few faults may stay."""
    spec = autoscaler.get("spec") or {}
    before = (old or {}).get("spec") or {}
    lowest = 0 if before.get("minReplicas") == 0 else 1
    target, target_before = spec.get("scaleTargetRef") or {}, before.get("scaleTargetRef") or {}
    check_version: Callable[[str], str] = needs_group
    if old is not None and all(target.get(k) == target_before.get(k) for k in ("apiVersion", "kind")):
        check_version = _anything
    elif target.get("kind") == "ReplicationController":
        check_version = api_version_error
    described = _anything if any(_describes_wrongly(m) for m in before.get("metrics") or ()) else api_version_error

    errors = [*_validate_replicas(spec, lowest)]
    errors += within("scaleTargetRef", validate_reference(target, check_version))
    errors += each(spec, "metrics", lambda metric: validate_metric(
        metric, lambda reference: validate_reference(reference, described)
    ))
    types = {metric.get("type") for metric in spec.get("metrics") or ()}
    if spec.get("minReplicas") == 0 and types.isdisjoint(("Object", "External")):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(field.forbidden("metrics", text))
    errors += member(spec, "behavior", _validate_behavior)
    return within("spec", errors)


def validate_autoscaler_status(autoscaler: Obj) -> Errors:
    status = autoscaler.get("status") or {}
    return within("status", [*non_negative(status, "currentReplicas"), *non_negative(status, "desiredReplicas")])


def _validate_replicas(spec: Obj, lowest: int) -> Errors:
    smallest, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    errors = []
    if smallest is not None and smallest < lowest:
        errors.append(field.invalid("minReplicas", smallest, f"must be greater than or equal to {lowest}"))
    if most == 0:
        errors.append(field.required("maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        errors.append(field.invalid("maxReplicas", most, "must be greater than or equal to 1"))
    if smallest is not None and most < smallest:
        errors.append(field.invalid("maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    return errors


# References to objects of any version


def validate_reference(ref: Obj, check_version: Callable[[str], str]) -> Errors:
    """`check_version` says what is wrong with the apiVersion."""
    errors = [
        *required_matching(ref, "kind", is_path_segment_name), *required_matching(ref, "name", is_path_segment_name)
    ]
    version = ref.get("apiVersion") or ""
    if text := check_version(version):
        errors.append(field.invalid("apiVersion", version, text))
    return errors


def api_version_error(version: str) -> str:
    """Why a group and version cannot be read (upstream: schema.ParseGroupVersion)."""
    return f"unexpected GroupVersion string: {version}" if version.count("/") > 1 else ""


def needs_group(version: str) -> str:
    """The same for one that must name a group other than core."""
    wrong = api_version_error(version)
    return wrong or ("" if version.partition("/")[0] and "/" in version else "apiVersion must specify API group")


def _anything(version: str) -> str:
    return ""


def _describes_wrongly(metric: Obj) -> bool:
    described = (metric.get("object") or {}).get("describedObject") or {}
    return metric.get("type") == "Object" and bool(api_version_error(described.get("apiVersion") or ""))


# Behavior


def _validate_behavior(behavior: Obj) -> Errors:
    return [*member(behavior, "scaleUp", _validate_rules), *member(behavior, "scaleDown", _validate_rules)]


def _validate_rules(rules: Obj) -> Errors:
    errors = []
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        text = "must be greater than or equal to zero"
        errors.append(field.invalid("stabilizationWindowSeconds", window, text))
    if window is not None and window > _MOST_WINDOW_SECONDS:
        text = f"must be less than or equal to {_MOST_WINDOW_SECONDS}"
        errors.append(field.invalid("stabilizationWindowSeconds", window, text))
    if rules.get("selectPolicy") is not None:
        errors += one_of(rules, "selectPolicy", _SELECT_POLICIES)
    if not rules.get("policies"):
        errors.append(field.required("policies", "must specify at least one Policy"))
    errors += each(rules, "policies", _validate_policy)
    errors += matching(rules, "tolerance", is_amount) if rules.get("tolerance") else NONE
    return errors


def _validate_policy(policy: Obj) -> Errors:
    errors = [*one_of(policy, "type", _POLICY_TYPES)]
    value, period = policy.get("value") or 0, policy.get("periodSeconds") or 0
    if value <= 0:
        errors.append(field.invalid("value", value, "must be greater than zero"))
    if period <= 0:
        errors.append(field.invalid("periodSeconds", period, "must be greater than zero"))
    if period > _MOST_PERIOD_SECONDS:
        text = f"must be less than or equal to {_MOST_PERIOD_SECONDS}"
        errors.append(field.invalid("periodSeconds", period, text))
    return errors
