"""Table cells of the resource.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, Obj, TablePrinter, age, name, since


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


def _taint_rule(obj: Obj, now: float) -> list[Any]:
    taint = obj.get("spec", {}).get("taint", {})
    added = taint.get("timeAdded")
    return [
        name(obj), taint.get("key", ""), taint.get("value", ""), taint.get("effect", ""),
        since(added, now) if added else "", age(obj, now),
    ]


_COUNTED = ("totalDevices", "availableDevices", "allocatedDevices", "unavailableDevices")


def _pool_status_request(obj: Obj, now: float) -> list[Any]:
    """Counts over all pools; "-" as long as there is no status, or after a failure."""
    status = obj.get("status")
    driver = obj.get("spec", {}).get("driver", "")
    if status is None:
        return [name(obj), driver, *["-"] * 5, 0, "Pending", NONE]
    state, completed = "Pending", NONE
    for condition in status.get("conditions") or ():
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            state = condition["type"]
            if state == "Complete":
                completed = since(condition.get("lastTransitionTime"), now)
            break
    pools, count = status.get("pools") or (), status.get("poolCount") or 0
    counts = ["-"] * 5
    if state != "Failed":
        counts = [str(sum(pool.get(field) or 0 for pool in pools)) for field in _COUNTED]
        counts.append(str(sum(pool.get("validationError") is not None for pool in pools)))
    if state == "Complete" and count > len(pools):
        state = f"Complete ({len(pools)}/{count} pools)"
    return [name(obj), driver, *counts, count, state, completed]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("deviceclasses", _named),
        ("resourceclaims", _claim),
        ("resourceclaimtemplates", _named),
        ("resourceslices", _slice),
        ("devicetaintrules", _taint_rule),
        ("resourcepoolstatusrequests", _pool_status_request),
    )
}
