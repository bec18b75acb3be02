"""Validation of the status of resource claims (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.ipvalidation import is_valid_interface_address
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import byte_length, is_dns1123_label
from pilothouse.registry.conditions import validate_conditions
from pilothouse.registry.core.scheduling_validation import validate_node_selector
from pilothouse.registry.resource.bindings import validate_binding_conditions
from pilothouse.registry.resource.claim_validation import (
    MOST_CONFIGS,
    Requests,
    raw_object,
    request_names,
    request_reference,
    validate_claim_config,
)
from pilothouse.registry.resource.names import driver_name, limited, limited_set, normal_uid, pool_name
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    go_struct,
    matching,
    member,
    required,
    required_one_of,
    within,
)

_MOST_CONSUMERS: Final = 256
_MOST_RESULTS: Final = 32
_MOST_CONDITIONS: Final = 8
_MOST_DATA: Final = 10 * 1024
_MOST_IPS: Final = 16
_MOST_INTERFACE_NAME: Final = 256
_MOST_HARDWARE_ADDRESS: Final = 128

#: Driver, pool, device and share.
Device = tuple[str, str, str, str]
_KEY_NAMES: Final = ("Driver", "Pool", "Device", "ShareID")


def validate_claim_status(claim: Obj, old: Obj) -> Errors:
    status, before = claim.get("status") or {}, old.get("status") or {}
    allocation, reserved = status.get("allocation"), status.get("reservedFor")
    results = ((allocation or {}).get("devices") or {}).get("results") or ()
    allocated = frozenset(map(device_key, results))
    errors = [*within("reservedFor", limited_set(
        reserved, _MOST_CONSUMERS, _validate_consumer, lambda consumer: consumer.get("uid") or ""
    ))]
    errors += within("devices", _with_shown_keys(limited_set(
        status.get("devices"), -1, lambda device: _validate_device(device, allocated), device_key
    )))
    if reserved and allocation is None:
        text = "may not be specified when `allocated` is not set"
        errors.append(field.forbidden("reservedFor", text))
    elif reserved and claim["metadata"].get("deletionTimestamp") is not None:
        known = {frozenset(consumer.items()) for consumer in before.get("reservedFor") or ()}
        if any(frozenset(consumer.items()) not in known for consumer in reserved):
            text = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            errors.append(field.forbidden("reservedFor", text))
    if allocation is not None:
        if before.get("allocation") is None:
            errors += within("allocation", _validate_allocation(allocation, request_names(claim)))
        elif allocation != before["allocation"]:
            shown = go_struct(allocation, Devices={}, NodeSelector=None, AllocationTimestamp=None)
            errors.append(field.invalid("allocation", shown, IMMUTABLE))
    return within("status", errors)


def asks_for_admin(claim: Obj, old: Obj) -> str:
    """The path of the first new result with admin access; "" if there is none."""
    found = [
        next((i for i, result in enumerate(_results(c)) if result.get("adminAccess")), None) for c in (claim, old)
    ]
    return "" if found[0] is None or found[1] is not None else (
        f"status.allocation.devices.results[{found[0]}].adminAccess"
    )


def _results(claim: Obj) -> list[Obj]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    return (allocation.get("devices") or {}).get("results") or []


def device_key(device: Obj) -> Device:
    return (
        device.get("driver") or "", device.get("pool") or "", device.get("device") or "", device.get("shareID") or ""
    )


def _with_shown_keys(errors: Errors) -> Errors:
    """Duplicates show their keys as upstream's struct."""
    return [
        replace(e, value=dict(zip(_KEY_NAMES, e.value, strict=True))) if isinstance(e.value, tuple) else e
        for e in errors
    ]


def _validate_consumer(consumer: Obj) -> Errors:
    return [error for name in ("resource", "name", "uid") for error in required(consumer, name)]


def _device_name(device: Obj) -> Errors:
    return [
        *within("driver", driver_name(device.get("driver") or "")),
        *within("pool", pool_name(device.get("pool") or "")),
        *matching(device, "device", is_dns1123_label),
    ]


# Allocations


def _validate_allocation(allocation: Obj, known: Requests) -> Errors:
    devices = allocation.get("devices") or {}
    return [
        *within("devices.results", limited(
            devices.get("results"), _MOST_RESULTS, lambda result: _validate_result(result, known)
        )),
        *within("devices.config", limited(
            devices.get("config"), 2 * MOST_CONFIGS, lambda config: _validate_allocation_config(config, known)
        )),
        *member(allocation, "nodeSelector", validate_node_selector),
    ]


def _validate_result(result: Obj, known: Requests) -> Errors:
    return [
        *within("request", request_reference(result.get("request") or "", known)),
        *_device_name(result),
        *validate_binding_conditions(result),
        *member(result, "shareID", normal_uid),
    ]


def _validate_allocation_config(config: Obj, known: Requests) -> Errors:
    return [*required_one_of(config, "source", ("FromClaim", "FromClass")), *validate_claim_config(config, known)]


# Devices


def _validate_device(device: Obj, allocated: Set[Device]) -> Errors:
    errors = [*_device_name(device), *member(device, "shareID", normal_uid)]
    if device_key(device) not in allocated:
        shown = go_struct(device, Driver="", Pool="", Device="", ShareID="")
        errors.append(field.invalid("", shown, "must be an allocated device in the claim"))
    conditions = device.get("conditions") or ()
    if len(conditions) > _MOST_CONDITIONS:
        errors.append(field.too_many("conditions", len(conditions), _MOST_CONDITIONS))
    errors += validate_conditions(device)
    if device.get("data") is not None:
        errors += within("data", raw_object(device["data"], _MOST_DATA))
    return [*errors, *member(device, "networkData", _validate_network_data)]


def _validate_network_data(data: Obj) -> Errors:
    limits = (("interfaceName", _MOST_INTERFACE_NAME), ("hardwareAddress", _MOST_HARDWARE_ADDRESS))
    errors = [
        field.too_long(name, limit) for name, limit in limits if byte_length(data.get(name) or "") > limit
    ]
    return [*errors, *within("ips", limited_set(data.get("ips"), _MOST_IPS, _address))] if data.get("ips") else errors


def _address(address: str) -> Errors:
    return is_valid_interface_address("", address) or NONE
