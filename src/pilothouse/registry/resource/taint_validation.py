"""Validation of DeviceTaintRules and ResourcePoolStatusRequests (upstream: pkg/apis/resource/validation, and the
declarative rules of resource.k8s.io/v1alpha3)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_dns1123_subdomain_caseless,
)
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.resource.device_validation import validate_taint
from pilothouse.registry.resource.names import driver_name, pool_name, texts
from pilothouse.registry.rules import NONE, Errors, Obj, each, immutable, member, required, too_long, within

_MOST_RULE_CONDITIONS: Final = 8
_MOST_REQUEST_CONDITIONS: Final = 10
_MOST_POOLS: Final = 1000
_MOST_LIMIT: Final = 1000
_MOST_POOL_NAME: Final = 253
_MOST_ERROR: Final = 256
_COUNTS: Final = ("totalDevices", "allocatedDevices", "availableDevices", "unavailableDevices")


def validate_taint_rule(rule: Obj, old: Obj | None = None) -> Errors:
    spec = rule.get("spec") or {}
    before = None if old is None else (old.get("spec") or {}).get("taint") or {}
    errors = within("deviceSelector", _validate_selector(spec.get("deviceSelector") or {}))
    return within("spec", [*errors, *within("taint", validate_taint(spec.get("taint") or {}, before))])


def _validate_selector(selector: Obj) -> Errors:
    return [
        *member(selector, "driver", driver_name), *member(selector, "pool", pool_name),
        *member(selector, "device", lambda name: texts(name, is_dns1123_label)),
    ]


def validate_taint_rule_status(rule: Obj) -> Errors:
    status = rule.get("status") or {}
    return within("status", [*validate_conditions(status), *_at_most(status, "conditions", _MOST_RULE_CONDITIONS)])


def validate_pool_request(request: Obj) -> Errors:
    spec = request.get("spec") or {}
    limit = spec.get("limit")
    return within("spec", [
        *(member(spec, "driver", _caseless_name) if spec.get("driver") else required(spec, "driver")),
        *member(spec, "poolName", _pool_segments),
        *((field.required("limit"),) if limit is None else _between(spec, "limit", 1, _MOST_LIMIT)),
    ])


def validate_pool_request_update(request: Obj, old: Obj) -> Errors:
    if request.get("spec") == old.get("spec"):
        return NONE
    return (field.invalid("spec", None, "field is immutable"),)


def validate_pool_request_status(request: Obj, old: Obj) -> Errors:
    """A status is written once."""
    if old.get("status") is not None:
        return immutable(request, old, "status")
    status = request.get("status")
    if status is None:
        return NONE
    count = status.get("poolCount")
    errors = [
        *validate_conditions(status),
        *((field.required("poolCount"),) if count is None else _between(status, "poolCount", 0)),
    ]
    many = _at_most(status, "pools", _MOST_POOLS)
    errors += many or each(status, "pools", _validate_pool)
    return within("status", [*errors, *_at_most(status, "conditions", _MOST_REQUEST_CONDITIONS)])


def _validate_pool(pool: Obj) -> Errors:
    errors = [
        *(member(pool, "driver", _caseless_name) if pool.get("driver") else required(pool, "driver")),
        *(member(pool, "poolName", _pool_segments) if pool.get("poolName") else required(pool, "poolName")),
        *(_between(pool, "generation", 0) if pool.get("generation") else required(pool, "generation")),
        *_between(pool, "resourceSliceCount", 1),
    ]
    for name in _COUNTS:
        errors += _between(pool, name, 0)
    errors += member(pool, "nodeName", lambda name: texts(name, is_dns1123_subdomain))
    return [*errors, *too_long(pool, "validationError", _MOST_ERROR)]


def _caseless_name(name: str) -> Errors:
    return texts(name, is_dns1123_subdomain_caseless)


def _pool_segments(name: str) -> Errors:
    errors = [field.too_long("", _MOST_POOL_NAME)] if byte_length(name) > _MOST_POOL_NAME else []
    for i, part in enumerate(name.split("/")):
        if not part:
            errors.append(field.invalid("", name, f"segment {i}: must not be empty"))
        else:
            errors += [field.invalid("", part, f"segment {i}: {text}") for text in is_dns1123_subdomain(part)]
    return errors


def _between(obj: Obj, name: str, low: int, high: int | None = None) -> Errors:
    """A number, or nothing."""
    value = obj.get(name)
    if value is not None and high is not None and value > high:
        return (field.invalid(name, value, f"must be less than or equal to {high}"),)
    if value is not None and value < low:
        return (field.invalid(name, value, f"must be greater than or equal to {low}"),)
    return NONE


def _at_most(obj: Obj, name: str, limit: int) -> Errors:
    count = len(obj.get(name) or ())
    return (field.too_many(name, count, limit),) if count > limit else NONE
