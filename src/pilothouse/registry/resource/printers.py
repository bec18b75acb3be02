"""Table cells of the resource.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _named(obj: Obj, now: float) -> list[Any]:
    return [name(obj), age(obj, now)]


def _claim(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    deleted = bool(obj["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if status.get("allocation") is not None:
        states.append("allocated")
        if status.get("reservedFor"):
            states.append("reserved")
    elif not deleted:
        states.append("pending")
    return [name(obj), ",".join(states), age(obj, now)]


def _slice(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    return [
        name(obj), spec.get("nodeName") or "", spec.get("driver", ""), spec.get("pool", {}).get("name", ""),
        age(obj, now),
    ]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("deviceclasses", _named),
        ("resourceclaims", _claim),
        ("resourceclaimtemplates", _named),
        ("resourceslices", _slice),
    )
}
