"""Validation of the devices in resource slices (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

import re
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.quantity import Quantity
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_label_value,
    is_qualified_name,
)
from pilothouse.registry.core.amounts import parsed
from pilothouse.registry.core.resource_names import is_native
from pilothouse.registry.core.scheduling_validation import validate_node_selector
from pilothouse.registry.resource.bindings import validate_binding_conditions
from pilothouse.registry.resource.claim_validation import TAINT_EFFECTS
from pilothouse.registry.resource.names import (
    MOST_QUALIFIED,
    limited,
    limited_map,
    limited_set,
    qualified_name,
    texts,
)
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    matching,
    member,
    required_matching,
    required_one_of,
    within,
)

_MOST_ATTRIBUTES: Final = 32
_MOST_ATTRIBUTE_VALUES: Final = 48
_MOST_VALUE: Final = 64
_MOST_TAINTS: Final = 16
_MOST_CONSUMPTIONS: Final = 2
_MOST_COUNTERS: Final = 32
_MOST_VALID_VALUES: Final = 10
_ATTRIBUTE_LISTS: Final = ("bools", "ints", "strings", "versions")
_ATTRIBUTE_KINDS: Final = ("bool", "int", "string", "version", *_ATTRIBUTE_LISTS)
#: As upstream's struct shows them, in its order.
_GO_NAMES: Final = {
    "int": "IntValue", "bool": "BoolValue", "string": "StringValue", "version": "VersionValue", "ints": "IntValues",
    "bools": "BoolValues", "strings": "StringValues", "versions": "VersionValues",
}
_SELECTION: Final = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to "
    "true in the ResourceSlice spec"
)
_NO_SELECTION: Final = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)
_IDENTIFIER = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_NUMBER = r"(0|[1-9]\d*)"
_is_version = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_IDENTIFIER}(\.{_IDENTIFIER})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
).fullmatch


def validate_device(device: Obj, old: Obj | None, *, selects_nodes: bool) -> Errors:
    """`old` is the stored device of this name; taints that it has are good. `selects_nodes`: it says on which nodes."""
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    errors = [*matching(device, "name", is_dns1123_label)]
    if (count := len(attributes) + len(capacity)) > _MOST_ATTRIBUTES:
        text = f"the total number of attributes and capacities must not exceed {_MOST_ATTRIBUTES}"
        errors.append(field.invalid("", count, text))
    if (count := sum(map(_values, attributes.values()))) > _MOST_ATTRIBUTE_VALUES:
        text = f"the total number of attribute values must not exceed {_MOST_ATTRIBUTE_VALUES}"
        errors.append(field.invalid("", count, text))
    errors += within("attributes", limited_map(attributes, -1, MOST_QUALIFIED, qualified_name, _validate_attribute))
    check = _validate_shared_capacity if device.get("allowMultipleAllocations") else _validate_capacity
    errors += within("capacity", limited_map(capacity, -1, MOST_QUALIFIED, qualified_name, check))
    if old is None or old.get("taints") != device.get("taints"):
        errors += within("taints", limited(device.get("taints"), _MOST_TAINTS, validate_taint))
    errors += within("consumesCounters", limited_set(
        device.get("consumesCounters"), _MOST_CONSUMPTIONS, _validate_consumption,
        lambda consumption: consumption.get("counterSet") or "",
    ))
    errors += _validate_selection(device, selects_nodes)
    errors += validate_binding_conditions(device)
    return [*errors, *_validate_mappings(device.get("nodeAllocatableResourceMappings") or {}, capacity)]


def _validate_selection(device: Obj, selects: bool) -> Errors:
    name, every = device.get("nodeName"), device.get("allNodes")
    if not selects:
        given = (name, device.get("nodeSelector"), every) != (None, None, None)
        return (field.invalid("", None, _NO_SELECTION),) if given else NONE
    ways = []
    errors: list[field.Error] = []
    if name:
        ways.append("`nodeName`")
        errors += matching(device, "nodeName", is_dns1123_subdomain)
    elif name is not None:
        errors.append(field.invalid("nodeName", name, "must not be empty"))
    if device.get("nodeSelector") is not None:
        ways.append("`nodeSelector`")
        errors += member(device, "nodeSelector", validate_node_selector)
    if every:
        ways.append("`allNodes`")
    elif every is not None:
        errors.append(field.invalid("allNodes", every, "must be either unset or set to true"))
    if not ways:
        errors.append(field.required("", _SELECTION))
    elif len(ways) > 1:
        errors.append(field.invalid("", f"{{{', '.join(ways)}}}", _SELECTION))
    return errors


def _validate_mappings(mappings: dict[str, Obj], capacity: Obj) -> Errors:
    errors: list[field.Error] = []
    for name, mapping in mappings.items():
        path = f"nodeAllocatableResourceMappings[{name}]"
        multiplier, key = mapping.get("allocationMultiplier"), mapping.get("capacityKey")
        if not is_native(name):
            errors.append(field.invalid(path, name, "must be a node allocatable resource name"))
        if multiplier is None and key is None:
            text = "at least one of allocationMultiplier or capacityKey must be set"
            errors.append(field.invalid(path, "", text))
        if multiplier is not None and parsed(multiplier).sign() <= 0:
            errors.append(field.invalid(f"{path}.allocationMultiplier", multiplier, "must be positive"))
        if key == "":
            errors.append(field.invalid(f"{path}.capacityKey", "", "capacityKey must not be an empty string"))
        elif key is not None and key not in capacity:
            errors.append(field.not_found(f"{path}.capacityKey", key))
    return errors


# Attributes, taints and counters


def _values(attribute: Obj) -> int:
    return sum(len(attribute.get(name) or ()) for name in _ATTRIBUTE_LISTS) or 1


def _validate_attribute(attribute: Obj) -> Errors:
    errors: list[field.Error] = []
    given = [name for name in _ATTRIBUTE_KINDS if attribute.get(name) is not None]
    for name in given:
        value = attribute[name]
        if name in ("string", "version"):
            errors += within(name, _validate_value(name, value))
        elif name in _ATTRIBUTE_LISTS:
            if not value:
                errors.append(field.invalid(name, value, "must not be empty if specified"))
            if name in ("strings", "versions"):
                for i, item in enumerate(value):
                    errors += within(f"{name}[{i}]", _validate_value(name[:-1], item))
    if len(given) != 1:
        shown = {go_name: attribute.get(name) for name, go_name in _GO_NAMES.items()} if given else ""
        errors.append(field.invalid("", shown, "exactly one value must be specified"))
    return errors


def _validate_value(kind: str, value: str) -> Errors:
    errors = []
    if kind == "version" and not _is_version(value):
        errors.append(field.invalid("", value, "must be a string compatible with semver.org spec 2.0.0"))
    if byte_length(value) > _MOST_VALUE:
        errors.append(field.too_long("", _MOST_VALUE))
    return errors


def validate_taint(taint: Obj, old: Obj | None = None) -> Errors:
    """The effect of the stored taint `old` is good."""
    kept = old is not None and (old.get("effect") or "") == (taint.get("effect") or "")
    return [
        *matching(taint, "key", is_qualified_name),
        *(matching(taint, "value", is_label_value) if taint.get("value") else NONE),
        *(NONE if kept else required_one_of(taint, "effect", TAINT_EFFECTS)),
    ]


def _validate_consumption(consumption: Obj) -> Errors:
    return [*required_matching(consumption, "counterSet", is_dns1123_label), *validate_counters(consumption)]


def validate_counters(holder: Obj) -> Errors:
    """The map `holder["counters"]`: any quantity will do."""
    counters = holder.get("counters")
    if not counters:
        return (field.required("counters"),)
    return within("counters", limited_map(
        counters, _MOST_COUNTERS, 63, lambda name: texts(name, is_dns1123_label), lambda counter: NONE
    ))


# Capacity


def _validate_capacity(capacity: Obj) -> Errors:
    if capacity.get("requestPolicy") is None:
        return NONE
    return (field.forbidden("requestPolicy", "allowMultipleAllocations must be true"),)


def _validate_shared_capacity(capacity: Obj) -> Errors:
    policy = capacity.get("requestPolicy")
    if policy is None:
        return NONE
    values, bounds, default = policy.get("validValues"), policy.get("validRange"), policy.get("default")
    most = parsed(capacity.get("value") or "0")
    if values and bounds is not None:
        text = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        return (field.forbidden("requestPolicy", text),)
    if not values and bounds is None:
        return NONE
    name = "validValues" if values else "validRange"
    if default is None:
        return (field.required("requestPolicy.default", f"required when {name} is defined"),)
    check: Any = _validate_values if values else _validate_range
    return within(f"requestPolicy.{name}", check(values or bounds, parsed(default), most))


def _validate_values(values: list[str], default: Quantity, most: Quantity) -> Errors:
    amounts = [parsed(value) for value in values]
    errors = [
        field.invalid(f"[{i}]", values[i], "values must be sorted in ascending order")
        for i in range(1, len(amounts)) if amounts[i - 1] > amounts[i]
    ]

    def check(value: str) -> Errors:
        if parsed(value) <= most:
            return NONE
        return (field.invalid("", value, f"option is larger than capacity value: {most}"),)

    too_many = len(values) > _MOST_VALID_VALUES
    errors += limited(values, _MOST_VALID_VALUES, check)
    if not too_many:
        seen = set()
        for i, amount in enumerate(amounts):
            key = str(amount.value())
            if key in seen:
                errors.append(field.duplicate(f"[{i}]", key))
            seen.add(key)
    if too_many or default not in amounts:
        text = "default value is not valid according to the requestPolicy"
        errors.append(field.invalid("", str(default), text))
    return errors


def _validate_range(bounds: Obj, default: Quantity, most: Quantity) -> Errors:
    low, high, step = (
        None if bounds.get(name) is None else parsed(bounds[name]) for name in ("min", "max", "step")
    )
    if low is None:
        return (field.required("min", "required when validRange is defined"),)
    checks: list[tuple[bool, str, Quantity, str]] = [
        (low > most, "min", low, f"min is larger than capacity value: {most}"),
        (default < low, "min", default, f"default is less than min: {low}"),
    ]
    if high is not None:
        checks += [
            (low > high, "max", low, f"min is larger than max: {high}"),
            (high > most, "max", high, f"max is larger than capacity value: {most}"),
            (default > high, "max", default, f"default is more than max: {high}"),
        ]
    if step is not None:
        first = low + step
        text = f"one step {first} is larger than capacity value: {most}"
        checks.append((first > most, "step", step, text))
        text = f"value is not a multiple of a given step ({step}) from ({low})"
        checks += [
            (not _is_step(value, low, step), "step", value, text) for value in (default, high) if value is not None
        ]
    return [field.invalid(name, str(value), text) for wrong, name, value, text in checks if wrong]


def _is_step(value: Quantity, low: Quantity, step: Quantity) -> bool:
    size = step.value()
    # upstream divides by zero, and panics
    return size != 0 and (value.value() - low.value()) % size == 0
