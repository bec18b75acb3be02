"""Table cells of the node.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _runtime_class(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("handler", ""), age(obj, now)]


PRINTERS = {"runtimeclasses": TablePrinter(__package__, "runtimeclasses", _runtime_class)}
