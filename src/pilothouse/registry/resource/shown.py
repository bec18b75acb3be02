"""Specs of claims as errors show them: in Go's internal types, which have no JSON names (see pkg/apis/resource)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilothouse.registry.rules import Obj, go_struct

Shown = dict[str, Any]


def template_spec(spec: Obj) -> Shown:
    """The metadata has JSON names and stands inline."""
    metadata = {k: v for k, v in (spec.get("metadata") or {}).items() if v}
    return {**metadata, "Spec": claim_spec(spec.get("spec") or {})}


def claim_spec(spec: Obj) -> Shown:
    devices = spec.get("devices") or {}
    return {"Devices": {
        "Requests": _each(devices.get("requests"), _request),
        "Constraints": _each(devices.get("constraints"), _constraint),
        "Config": _each(devices.get("config"), _config),
    }}


def _each(items: Sequence[Obj] | None, show: Callable[[Obj], Shown]) -> list[Shown] | None:
    return None if items is None else [show(item) for item in items]


def _request(request: Obj) -> Shown:
    exactly = request.get("exactly")
    return {
        "Name": request.get("name") or "",
        "Exactly": None if exactly is None else _exactly(exactly),
        "FirstAvailable": _each(request.get("firstAvailable"), _alternative),
    }


def _exactly(request: Obj) -> Shown:
    capacity = request.get("capacity")
    return {
        "DeviceClassName": request.get("deviceClassName") or "",
        "Selectors": _each(request.get("selectors"), _selector),
        **go_struct(request, AllocationMode="", Count=0, AdminAccess=None),
        "Tolerations": _each(request.get("tolerations"), _toleration),
        "Capacity": None if capacity is None else go_struct(capacity, Requests=None),
    }


def _alternative(request: Obj) -> Shown:
    shown = {"Name": request.get("name") or "", **_exactly(request)}
    del shown["AdminAccess"]
    return shown


def _selector(selector: Obj) -> Shown:
    cel = selector.get("cel")
    return {"CEL": None if cel is None else go_struct(cel, Expression="")}


def _toleration(toleration: Obj) -> Shown:
    return go_struct(toleration, Key="", Operator="", Value="", Effect="", TolerationSeconds=None)


def _constraint(constraint: Obj) -> Shown:
    return go_struct(constraint, Requests=None, MatchAttribute=None, DistinctAttribute=None)


def _config(config: Obj) -> Shown:
    opaque = config.get("opaque")
    return {
        "Requests": config.get("requests"),
        "Opaque": None if opaque is None else go_struct(opaque, Driver="", Parameters=None),
    }
