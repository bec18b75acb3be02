"""Validation of resource slices (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.core.scheduling_validation import validate_node_selector
from pilothouse.registry.internal import internal
from pilothouse.registry.resource.device_validation import validate_counters, validate_device
from pilothouse.registry.resource.names import driver_name, limited_set, pool_name
from pilothouse.registry.rules import NONE, Errors, Obj, matching, member, required_matching, within

_MOST_DEVICES: Final = 128
#: If any device has taints, counters or lists of attributes.
_MOST_ADVANCED_DEVICES: Final = 64
_MOST_COUNTER_SETS: Final = 8
_LIST_ATTRIBUTES: Final = ("bools", "ints", "strings", "versions")
_ONE_SELECTION: Final = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def validate_slice(resource_slice: Obj, old: Obj | None = None) -> Errors:
    spec, before = resource_slice.get("spec") or {}, None if old is None else old.get("spec") or {}
    devices = spec.get("devices")
    errors = [*within("driver", driver_name(spec.get("driver") or "")), *_validate_pool(spec.get("pool") or {})]
    if before is not None:
        errors += _validate_kept(spec, before)
    errors += _validate_selection(spec)
    if spec.get("sharedCounters") is not None and devices is not None:
        errors.append(field.invalid("", "", "only one of `sharedCounters` or `devices` is allowed"))
    errors += within("devices", limited_set(
        devices, _MOST_ADVANCED_DEVICES if any(map(_is_advanced, devices or ())) else _MOST_DEVICES,
        _device_check(spec, before or {}), _name,
    ))
    errors += within("sharedCounters", limited_set(
        spec.get("sharedCounters"), _MOST_COUNTER_SETS, _validate_counter_set, _name
    ))
    return within("spec", errors)


def _name(obj: Obj) -> str:
    return obj.get("name") or ""


def _device_check(spec: Obj, before: Obj) -> Callable[[Obj], Errors]:
    """Checks one device against the stored one of its name."""
    stored = {_name(device): device for device in before.get("devices") or ()}
    selects = bool(spec.get("perDeviceNodeSelection"))
    return lambda device: validate_device(device, stored.get(_name(device)), selects_nodes=selects)


def _is_advanced(device: Obj) -> bool:
    return bool(device.get("taints") or device.get("consumesCounters")) or any(
        attribute.get(name) is not None
        for attribute in (device.get("attributes") or {}).values() for name in _LIST_ATTRIBUTES
    )


def _validate_pool(pool: Obj) -> Errors:
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    errors = [*within("name", pool_name(pool.get("name") or ""))]
    if count <= 0:
        errors.append(field.invalid("resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        errors.append(field.invalid("generation", generation, "must be greater than or equal to zero"))
    return within("pool", errors)


def _validate_kept(spec: Obj, old: Obj) -> Errors:
    names = [(o.get("pool") or {}).get("name") or "" for o in (spec, old)]
    errors = [] if names[0] == names[1] else [field.invalid("pool.name", names[0], IMMUTABLE)]
    if (spec.get("driver") or "") != (old.get("driver") or ""):
        errors.append(field.invalid("driver", spec.get("driver") or "", IMMUTABLE))
    if spec.get("nodeName") != old.get("nodeName"):
        errors.append(field.invalid("nodeName", spec.get("nodeName"), IMMUTABLE))
    return errors


def _validate_selection(spec: Obj) -> Errors:
    """Which nodes can use the devices: said in exactly one way."""
    ways = []
    errors: list[field.Error] = []
    if (name := spec.get("nodeName")) is not None:
        if name:
            ways.append("`nodeName`")
            errors += matching(spec, "nodeName", is_dns1123_subdomain)
        else:
            errors.append(field.invalid("nodeName", name, "must be either unset or set to a non-empty string"))
    if (selector := spec.get("nodeSelector")) is not None:
        ways.append("`nodeSelector`")
        errors += member(spec, "nodeSelector", validate_node_selector)
        terms = selector.get("nodeSelectorTerms")
        if len(terms or ()) != 1:
            text = "must have exactly one node selector term"
            shown = internal("[]core.NodeSelectorTerm", terms)
            errors.append(field.invalid("nodeSelector.nodeSelectorTerms", shown, text))
    for flag in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(flag):
            ways.append(f"`{flag}`")
        elif spec.get(flag) is not None:
            errors.append(field.invalid(flag, False, "must be either unset or set to true"))
    if not ways:
        errors.append(field.required("", _ONE_SELECTION))
    elif len(ways) > 1:
        text = f"{_ONE_SELECTION}, but multiple fields are set"
        errors.append(field.invalid("", f"{{{', '.join(ways)}}}", text))
    return errors or NONE


def _validate_counter_set(counter_set: Obj) -> Errors:
    return [*required_matching(counter_set, "name", is_dns1123_label), *validate_counters(counter_set)]
