"""Table cells of the coordination.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _lease(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("spec", {}).get("holderIdentity") or "", age(obj, now)]


PRINTERS = {"leases": TablePrinter(__package__, "leases", _lease)}
