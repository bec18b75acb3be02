"""Table cells of the storagemigration.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, name

_STATES = ("Running", "Failed", "Succeeded")


def _migration(obj: Obj, now: float) -> list[Any]:
    resource = obj.get("spec", {}).get("resource", {})
    group = resource.get("group")
    state = "Unknown"
    for condition in obj.get("status", {}).get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in _STATES:
            state = condition["type"]
    shown = resource.get("resource", "")
    return [name(obj), f"{shown}.{group}" if group else shown, state]


PRINTERS = {"storageversionmigrations": TablePrinter(__package__, "storageversionmigrations", _migration)}
