"""Table cells of the scheduling.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, Obj, TablePrinter, age, name


def _priority_class(obj: Obj, now: float) -> list[Any]:
    return [
        name(obj), obj.get("value", 0), obj.get("globalDefault", False), age(obj, now),
        obj.get("preemptionPolicy", ""),
    ]


def _workload(obj: Obj, now: float) -> list[Any]:
    return [name(obj), age(obj, now)]


def _pod_group(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, "Pending"
    conditions = {c.get("type"): c for c in (obj.get("status") or {}).get("conditions") or ()}
    if (scheduled := conditions.get("PodGroupScheduled")) is not None:
        status = "Scheduled" if scheduled.get("status") == "True" else "Unschedulable"
    if (target := conditions.get("DisruptionTarget")) is not None:
        status = target.get("reason") or ""
    policy = "Basic" if (spec.get("schedulingPolicy") or {}).get("gang") is None else "Gang"
    reference = spec.get("podGroupTemplateRef")
    workload = NONE if reference is None else (reference.get("workload") or {}).get("workloadName") or ""
    return [name(obj), policy, workload, status, age(obj, now)]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("priorityclasses", _priority_class), ("workloads", _workload), ("podgroups", _pod_group),
    )
}
