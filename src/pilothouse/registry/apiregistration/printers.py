"""Table cells of the apiregistration.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, condition, name


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = obj.get("spec", {}).get("service")
    available = condition(obj, "Available")
    status = "Unknown"
    if available is not None:
        status = available.get("status", "")
        if status != "True" and available.get("reason"):
            status = f"{status} ({available['reason']})"
    return [
        name(obj), f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local", status,
        age(obj, now),
    ]


PRINTERS = {"apiservices": TablePrinter(__package__, "apiservices", _api_service)}
