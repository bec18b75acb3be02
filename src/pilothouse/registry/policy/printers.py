"""Table cells of the policy group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _disruption_budget(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    limits = (spec.get("minAvailable"), spec.get("maxUnavailable"))
    return [
        name(obj), *("N/A" if limit is None else str(limit) for limit in limits),
        obj.get("status", {}).get("disruptionsAllowed", 0), age(obj, now),
    ]


PRINTERS = {"poddisruptionbudgets": TablePrinter(__package__, "poddisruptionbudgets", _disruption_budget)}
