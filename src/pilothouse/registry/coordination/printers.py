"""Table cells of the coordination.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _lease(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("spec", {}).get("holderIdentity") or "", age(obj, now)]


def _candidate(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    return [
        name(obj), spec.get("leaseName", ""), spec.get("binaryVersion", ""), spec.get("emulationVersion", ""),
        age(obj, now),
    ]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (("leases", _lease), ("leasecandidates", _candidate))
}
