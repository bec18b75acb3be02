"""Validation of device classes, claims and their templates (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

import orjson

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_label_value,
    is_qualified_name,
)
from pilothouse.registry.core.claim_validation import plain_metadata
from pilothouse.registry.core.resource_names import is_extended
from pilothouse.registry.resource import shown
from pilothouse.registry.resource.names import driver_name, fully_qualified_name, limited, limited_set, texts
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    matching,
    one_of,
    required_matching,
    required_one_of,
    within,
)

MOST_CONFIGS: Final = 32
MOST_REQUESTS: Final = 32
_MOST_CONSTRAINTS: Final = 32
_MOST_SELECTORS: Final = 32
_MOST_ALTERNATIVES: Final = 8
_MOST_EXPRESSION: Final = 10 * 1024
_MOST_PARAMETERS: Final = 10 * 1024
_ALLOCATION_MODES: Final = ("All", "ExactCount")
TAINT_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_NO_REQUEST: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
ADMIN_LABEL: Final = "resource.kubernetes.io/admin-access"
ADMIN_REFUSAL: Final = f"admin access to devices requires the `{ADMIN_LABEL}: true` label on the containing namespace"

#: The names of a claim's requests, each with those of its alternatives.
Requests = Mapping[str, Set[str]]


# Claims


def validate_claim(claim: Obj) -> Errors:
    return within("spec", validate_claim_spec(claim.get("spec") or {}))


def validate_claim_update(claim: Obj, old: Obj) -> Errors:
    if same(claim.get("spec"), old.get("spec")):
        return NONE
    return (field.invalid("spec", shown.claim_spec(claim.get("spec") or {}), IMMUTABLE),)


def validate_template(template: Obj) -> Errors:
    spec = template.get("spec") or {}
    return within("spec", [*plain_metadata(spec), *within("spec", validate_claim_spec(spec.get("spec") or {}))])


def validate_template_update(template: Obj, old: Obj) -> Errors:
    errors = [*validate_template(template)]
    if not same(template.get("spec"), old.get("spec")):
        errors.append(field.invalid("spec", shown.template_spec(template.get("spec") or {}), IMMUTABLE))
    return errors


def asks_for_admin(spec: Obj) -> str:
    """The path of the first request for admin access; "" if there is none."""
    for i, request in enumerate((spec.get("devices") or {}).get("requests") or ()):
        if (request.get("exactly") or {}).get("adminAccess"):
            return f"spec.devices.requests[{i}].adminAccess"
    return ""


def request_names(claim: Obj) -> Requests:
    requests = ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ()
    return {
        request.get("name") or "": frozenset(sub.get("name") or "" for sub in request.get("firstAvailable") or ())
        for request in requests
    }


def validate_claim_spec(spec: Obj) -> Errors:
    devices = spec.get("devices") or {}
    known = request_names({"spec": spec})
    return within("devices", [
        *within("requests", limited_set(devices.get("requests"), MOST_REQUESTS, _validate_request, _name)),
        *within("constraints", limited(
            devices.get("constraints"), _MOST_CONSTRAINTS, lambda constraint: _validate_constraint(constraint, known)
        )),
        *within("config", limited(
            devices.get("config"), MOST_CONFIGS, lambda config: validate_claim_config(config, known)
        )),
    ])


def _name(obj: Obj) -> str:
    return obj.get("name") or ""


def _validate_request(request: Obj) -> Errors:
    alternatives, exactly = request.get("firstAvailable"), request.get("exactly")
    errors = [*matching(request, "name", is_dns1123_label)]
    only_one = "exactly one of `exactly` or `firstAvailable` is required"
    if alternatives and exactly is not None:
        errors.append(field.invalid("", None, f"{only_one}, but multiple fields are set"))
    elif alternatives:
        errors += within("firstAvailable", limited_set(alternatives, _MOST_ALTERNATIVES, _validate_alternative, _name))
    elif exactly is not None:
        errors += within("exactly", _validate_exactly(exactly))
    else:
        errors.append(field.required("", only_one))
    return errors


def _validate_alternative(request: Obj) -> Errors:
    return [*matching(request, "name", is_dns1123_label), *_validate_exactly(request)]


def _validate_exactly(request: Obj) -> Errors:
    mode, count = request.get("allocationMode") or "", request.get("count") or 0
    errors = [*required_matching(request, "deviceClassName", is_dns1123_subdomain)]
    errors += validate_selectors(request)
    if mode == "All":
        if count:
            errors.append(field.invalid("count", count, "must not be specified when allocationMode is 'All'"))
    elif mode == "ExactCount":
        if count <= 0:
            errors.append(field.invalid("count", count, "must be greater than zero"))
    else:
        errors.append(field.not_supported("allocationMode", mode, _ALLOCATION_MODES))
    return [*errors, *each(request, "tolerations", _validate_toleration)]


def validate_selectors(holder: Obj) -> Errors:
    return within("selectors", limited(holder.get("selectors"), _MOST_SELECTORS, _validate_selector))


def _validate_selector(selector: Obj) -> Errors:
    cel = selector.get("cel")
    if cel is None:
        return (field.required("cel"),)
    text = cel.get("expression") or ""
    if byte_length(text) > _MOST_EXPRESSION:
        return (field.too_long("cel.expression", _MOST_EXPRESSION),)
    return _compile_selector(text)


def _compile_selector(text: str) -> Errors:
    from pilothouse.apimachinery.cel.device import compile_selector, is_too_complex
    from pilothouse.apimachinery.cel.source import CompileError

    try:
        program = compile_selector(text)
    except CompileError as err:
        return (field.invalid("cel.expression", text, str(err)),)
    return (field.forbidden("cel.expression", "too complex, exceeds cost limit"),) if is_too_complex(program) else NONE


def _validate_toleration(toleration: Obj) -> Errors:
    errors = [*matching(toleration, "key", is_qualified_name)] if toleration.get("key") else []
    operator, value = toleration.get("operator") or "", toleration.get("value") or ""
    if operator == "Exists":
        if value:
            errors.append(field.invalid("value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        errors += matching(toleration, "value", is_label_value)
    else:
        errors += required_one_of(toleration, "operator", ("Equal", "Exists"))
    if toleration.get("effect"):
        errors += one_of(toleration, "effect", TAINT_EFFECTS)
    return errors


def _validate_constraint(constraint: Obj, known: Requests) -> Errors:
    errors = [*_request_references(constraint, known)]
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            return [*errors, *within(name, fully_qualified_name(constraint[name]))]
    # upstream's text says the contrary of what is wrong: kept
    text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    return [*errors, field.required("", text)]


def _request_references(holder: Obj, known: Requests) -> Errors:
    return within("requests", limited_set(
        holder.get("requests"), MOST_REQUESTS, lambda name: request_reference(name, known)
    ))


def request_reference(name: str, known: Requests) -> Errors:
    """A reference to a request, at the empty path."""
    parts = name.split("/")
    if len(parts) > 2:
        return (field.invalid("", name, _NO_REQUEST),)
    errors = [error for part in parts for error in texts(part, is_dns1123_label)]
    if parts[0] not in known or (len(parts) == 2 and parts[1] not in known[parts[0]]):
        errors.append(field.invalid("", name, _NO_REQUEST))
    return errors


def validate_claim_config(config: Obj, known: Requests) -> Errors:
    return [*_request_references(config, known), *validate_config(config)]


def validate_config(config: Obj, *, stored: bool = False) -> Errors:
    """`stored`: it was there before; then its size does not count."""
    opaque = config.get("opaque")
    if opaque is None:
        return (field.required("opaque"),)
    limit = -1 if stored else _MOST_PARAMETERS
    return within("opaque", [
        *within("driver", driver_name(opaque.get("driver") or "")),
        *within("parameters", raw_object(opaque.get("parameters"), limit)),
    ])


def raw_object(value: Any, limit: int) -> Errors:
    """A JSON object of any shape; a negative `limit` (in bytes) is none."""
    if value is None:
        return (field.required(""),)
    if 0 <= limit < len(orjson.dumps(value)):
        return (field.too_long("", limit),)
    return NONE if isinstance(value, dict) else (
        field.invalid("", "<value omitted>", "must be a valid JSON object"),
    )


# DeviceClasses


def validate_device_class(device_class: Obj, old: Obj | None = None) -> Errors:
    spec, before = device_class.get("spec") or {}, (old or {}).get("spec") or {}
    stored = old is not None and spec.get("config") == before.get("config")
    errors = [*validate_selectors(spec)]
    errors += within("config", limited(
        spec.get("config"), MOST_CONFIGS, lambda config: validate_config(config, stored=stored)
    ))
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        errors.append(field.invalid("extendedResourceName", name, "must be a valid extended resource name"))
    return within("spec", errors)
