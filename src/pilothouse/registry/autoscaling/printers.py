"""Table cells of the autoscaling group, made from v2 objects (the storage version)."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, UNKNOWN, UNSET, Obj, TablePrinter, age, name, shortened

_SHOWN_METRICS = 2
_SOURCES = {
    "External": "external", "Pods": "pods", "Object": "object", "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    target = spec.get("scaleTargetRef", {})
    minimum = spec.get("minReplicas")
    return [
        name(obj), f"{target.get('kind', '')}/{target.get('name', '')}", _metrics(spec, status),
        UNSET if minimum is None else str(minimum), spec.get("maxReplicas", 0), status.get("currentReplicas", 0),
        age(obj, now),
    ]


def _metrics(spec: Obj, status: Obj) -> str:
    specs, statuses = spec.get("metrics") or [], status.get("currentMetrics") or []
    if not specs:
        return NONE
    texts = (_metric(s, statuses[i] if i < len(statuses) else {}) for i, s in enumerate(specs))
    return shortened(texts, _SHOWN_METRICS, ", ")


def _metric(spec: Obj, status: Obj) -> str:
    source = _SOURCES.get(spec.get("type", ""))
    if source is None:
        return "<unknown type>"
    wanted = spec[source].get("target", {})
    found = status.get(source)
    current = (found or {}).get("current", {})
    if source in ("resource", "containerResource"):
        text = _resource_metric(wanted, found, current)
        return f"{spec[source]['name']}: {text}"
    if source == "pods":
        return f"{_value(found, current, 'averageValue')}/{wanted.get('averageValue', '')}"
    if (average := wanted.get("averageValue")) is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{average} (avg)"
    return f"{_value(found, current, 'value')}/{wanted.get('value', '')}"


def _value(found: Obj | None, current: Obj, key: str) -> str:
    # a status that is there prints Go's nil quantity as "<nil>"
    return UNKNOWN if found is None else current.get(key, "<nil>")


def _resource_metric(wanted: Obj, found: Obj | None, current: Obj) -> str:
    if (average := wanted.get("averageValue")) is not None:
        return f"{_value(found, current, 'averageValue')}/{average}"
    now, goal = current.get("averageUtilization"), wanted.get("averageUtilization")
    return f"{UNKNOWN if now is None else f'{now}%'}/{'<auto>' if goal is None else f'{goal}%'}"


PRINTERS = {"horizontalpodautoscalers": TablePrinter(__package__, "horizontalpodautoscalers", _autoscaler)}
