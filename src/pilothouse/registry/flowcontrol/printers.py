"""Table cells of the flowcontrol.apiserver.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, Obj, TablePrinter, age, condition, name


def _flow_schema(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    dangling = condition(obj, "Dangling")
    return [
        name(obj), spec.get("priorityLevelConfiguration", {}).get("name", ""), spec.get("matchingPrecedence", 0),
        (spec.get("distinguisherMethod") or {}).get("type", NONE), age(obj, now),
        "?" if dangling is None else dangling.get("status", ""),
    ]


def _priority_level(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    shares = queues = hand = length = NONE
    if (limited := spec.get("limited")) is not None:
        shares = limited.get("nominalConcurrencyShares", 0)
        if (queuing := limited.get("limitResponse", {}).get("queuing")) is not None:
            queues, hand = queuing.get("queues", 0), queuing.get("handSize", 0)
            length = queuing.get("queueLengthLimit", 0)
    return [name(obj), spec.get("type", ""), shares, queues, hand, length, age(obj, now)]


PRINTERS = {
    "flowschemas": TablePrinter(__package__, "flowschemas", _flow_schema),
    "prioritylevelconfigurations": TablePrinter(__package__, "prioritylevelconfigurations", _priority_level),
}
