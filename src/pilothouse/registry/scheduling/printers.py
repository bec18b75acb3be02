"""Table cells of the scheduling.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _priority_class(obj: Obj, now: float) -> list[Any]:
    return [
        name(obj), obj.get("value", 0), obj.get("globalDefault", False), age(obj, now),
        obj.get("preemptionPolicy", ""),
    ]


PRINTERS = {"priorityclasses": TablePrinter(__package__, "priorityclasses", _priority_class)}
