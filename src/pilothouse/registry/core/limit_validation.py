"""Validation of limit ranges (upstream: pkg/apis/core/validation ValidateLimitRange)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.quantity import Quantity
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.core.amounts import parsed
from pilothouse.registry.core.resource_names import (
    is_container_resource_name,
    is_overcommit_allowed,
    is_resource_name,
)
from pilothouse.registry.rules import NO_FIELDS, NONE, Errors, Obj, within

_TYPES: Final = frozenset({"Pod", "Container", "PersistentVolumeClaim"})
_ALL: Final = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_OF_PODS: Final = ("max", "min", "maxLimitRequestRatio")
_NO_DEFAULTS: Final = "may not be specified when `type` is 'Pod'"
_NO_STORAGE: Final = "either minimum or maximum storage value is required, but neither was provided"
#: Ratios are computed in thousandths where all numbers are below this (upstream: resource.MaxMilliValue).
_MAX_MILLI: Final = (2**63 - 1) // 1000
_ONE: Final = Quantity(1)
#: (the lower one, the higher one, where the error stands, which one is shown, the text).
_ORDERED: Final = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    (
        "min", "defaultRequest", "defaultRequest", "defaultRequest",
        "min value {} is greater than default request value {}",
    ),
    (
        "defaultRequest", "max", "defaultRequest", "defaultRequest",
        "default request value {} is greater than max value {}",
    ),
    (
        "defaultRequest", "default", "defaultRequest", "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "default", "min", "min value {} is greater than default value {}"),
    ("default", "max", "default", "max", "default value {} is greater than max value {}"),
)


def validate_limit_range(limit_range: Obj) -> Errors:
    errors: list[Error] = []
    types: set[str] = set()
    for i, limit in enumerate((limit_range.get("spec") or NO_FIELDS).get("limits") or ()):
        kind = limit.get("type") or ""
        found = [*_type(kind)]
        if kind in types:
            found.append(field.duplicate("type", kind))
        types.add(kind)
        found += _limit(limit, kind)
        if found:
            errors += within(f"spec.limits[{i}]", found)
    return errors


def _type(kind: str) -> Errors:
    if kind in _TYPES:
        return NONE
    texts = is_qualified_name(kind)
    if not texts and "/" not in kind:
        texts = ["must be a standard limit type or fully qualified"]
    return [field.invalid("type", kind, text) for text in texts]


def _limit(limit: Obj, kind: str) -> Errors:
    is_name = is_container_resource_name if kind in ("Pod", "Container") else is_resource_name
    errors: list[Error] = []

    def check_names(name: str) -> None:
        for resource in limit.get(name) or ():
            for text in is_name(resource):
                errors.append(field.invalid(field.key(name, resource), resource, text))

    check_names("max")
    check_names("min")
    for name in ("default", "defaultRequest"):
        if kind != "Pod":
            check_names(name)
        elif limit.get(name):
            errors.append(field.forbidden(name, _NO_DEFAULTS))
    if kind == "PersistentVolumeClaim" and not any("storage" in (limit.get(name) or ()) for name in ("min", "max")):
        errors.append(field.required("limits", _NO_STORAGE))
    check_names("maxLimitRequestRatio")
    looked_at = _OF_PODS if kind == "Pod" else _ALL
    for resource in dict.fromkeys(resource for name in looked_at for resource in limit.get(name) or ()):
        amounts = {name: limit[name][resource] for name in looked_at if resource in (limit.get(name) or ())}
        errors += _of_resource(resource, amounts)
    return errors


def _of_resource(resource: str, texts: Mapping[str, str]) -> Errors:
    """How the amounts of one resource, by the field they stand in, fit together."""
    amounts = {name: parsed(text) for name, text in texts.items()}
    errors: list[Error] = []
    for low, high, where, shown, text in _ORDERED:
        if low in amounts and high in amounts and amounts[low] > amounts[high]:
            detail = text.format(texts[low], texts[high])
            errors.append(field.invalid(field.key(where, resource), texts[shown], detail))
    errors += _ratio(resource, amounts, texts)
    default, request = amounts.get("default"), amounts.get("defaultRequest")
    if default is None or request is None or default == request or is_overcommit_allowed(resource):
        return errors
    shown = texts["defaultRequest"]
    text = f"default value {texts['default']} must equal to defaultRequest value {shown} in {resource}"
    return [*errors, field.invalid(field.key("defaultRequest", resource), shown, text)]


def _ratio(resource: str, amounts: Mapping[str, Quantity], texts: Mapping[str, str]) -> Errors:
    ratio = amounts.get("maxLimitRequestRatio")
    if ratio is None:
        return NONE
    where, shown = field.key("maxLimitRequestRatio", resource), texts["maxLimitRequestRatio"]
    errors = [field.invalid(where, shown, f"ratio {shown} is less than 1")] if ratio < _ONE else []
    low, high = amounts.get("min"), amounts.get("max")
    if low is None or high is None:
        return errors
    if max(ratio.value(), low.value(), high.value()) < _MAX_MILLI:
        given, least, most = ratio.milli_value() / 1000, low.milli_value(), high.milli_value()
    else:
        given, least, most = float(ratio.value()), low.value(), high.value()
    if least and given > most / least:  # Go divides by zero: nothing is more than infinity
        errors.append(field.invalid(where, shown, f"ratio {shown} is greater than max/min = {most / least:f}"))
    return errors
