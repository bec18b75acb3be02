"""Validation of the metrics of horizontal pod autoscalers (upstream: pkg/apis/autoscaling/validation)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_dns1123_label, is_path_segment_name
from pilothouse.registry.core.resource_names import is_container_resource_name
from pilothouse.registry.rules import Check, Errors, Obj, required, required_matching, within

#: Which field goes with which type, in the order in which upstream looks at them.
_FIELDS: Final = {
    "Object": "object", "External": "external", "Pods": "pods", "Resource": "resource",
    "ContainerResource": "containerResource",
}
_TYPES: Final = tuple(sorted(_FIELDS))
_TARGET_TYPES: Final = ("Utilization", "Value", "AverageValue")
_RAW_OR_UTILIZATION: Final = "must set either a target raw value or a target utilization"
_NOT_RAW_AND_UTILIZATION: Final = "may not set both a target raw value and a target utilization"


def validate_metric(metric: Obj, check_reference: Check) -> Errors:
    """One of spec.metrics; `check_reference` looks at the object that an Object metric is about."""
    kind = metric.get("type") or ""
    unknown = field.not_supported("type", kind, _TYPES)
    errors = [] if kind else [field.required("type", "must specify a metric source type")]
    if kind not in _FIELDS:
        errors.append(unknown)
    present = [name for name in _FIELDS.values() if metric.get(name) is not None]
    if present:
        errors += within(present[0], _validate_source(present[0], metric[present[0]], check_reference))
    expected = _FIELDS.get(kind, "")
    if not expected:
        errors.append(unknown)
    elif expected not in present:
        errors.append(field.required(expected, "must populate information for the given metric source"))
    if len(present) != 1:
        errors += [
            field.forbidden(name, "must populate the given metric source only") for name in present if name != expected
        ]
    return errors


def _validate_source(name: str, source: Obj, check_reference: Check) -> Errors:
    target = source.get("target") or {}
    value, average, utilization = (target.get(k) for k in ("value", "averageValue", "averageUtilization"))
    errors: list[field.Error] = []
    if name == "object":
        errors += within("describedObject", check_reference(source.get("describedObject") or {}))
    if name in ("object", "external", "pods"):
        text = "must specify a metric name"
        errors += within("metric", required_matching(source.get("metric") or {}, "name", is_path_segment_name, text))
    elif name == "resource":
        errors += required(source, "name", "must specify a resource name")
    else:
        errors += required_matching(source, "name", is_container_resource_name, "must specify a resource name")
        errors += required_matching(source, "container", is_dns1123_label, "must specify a container")
    errors += within("target", _validate_target(target))
    if name == "object" and value is None and average is None:
        errors.append(field.required("target.averageValue", "must set either a target value or averageValue"))
    elif name == "pods" and average is None:
        errors.append(field.required("target.averageValue", "must specify a positive target averageValue"))
    elif name == "external":
        if value is None and average is None:
            text = "must set either a target value for metric or a per-pod target"
            errors.append(field.required("target.averageValue", text))
        if value is not None and average is not None:
            text = "may not set both a target value for metric and a per-pod target"
            errors.append(field.forbidden("target.value", text))
    elif name in ("resource", "containerResource"):
        if utilization is None and average is None:
            errors.append(field.required("target.averageUtilization", _RAW_OR_UTILIZATION))
        if utilization is not None and average is not None:
            errors.append(field.forbidden("target.averageValue", _NOT_RAW_AND_UTILIZATION))
    return errors


def _validate_target(target: Obj) -> Errors:
    kind = target.get("type") or ""
    errors = [*required(target, "type", "must specify a metric target type")]
    if kind not in _TARGET_TYPES:
        errors.append(field.invalid("type", kind, "must be either Utilization, Value, or AverageValue"))
    errors += [
        field.invalid(name, target[name], "must be positive")
        for name in ("value", "averageValue") if target.get(name) is not None and not _is_positive(target[name])
    ]
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(field.invalid("averageUtilization", utilization, "must be greater than 0"))
    return errors


def _is_positive(amount: str) -> bool:
    return amount[0] != "-" and amount != "0"
