"""Metrics of autoscaling/v2 in the shape of v1's annotations, and back.

Upstream: pkg/apis/autoscaling/v1/conversion.go.
"""

from typing import Any

Object = dict[str, Any]


def _compact(**values: Any) -> Object:
    return {name: value for name, value in values.items() if value is not None}


def _reference(ref: Object) -> Object:
    result = {"kind": ref.get("kind", ""), "name": ref.get("name", "")}
    if ref.get("apiVersion"):
        result["apiVersion"] = ref["apiVersion"]
    return result


def spec_to_v1(metric: Object) -> Object:
    """One of spec.metrics, with its keys in the order of v1's type."""
    result: Object = {"type": metric.get("type", "")}
    if (source := metric.get("object")) is not None:
        target = source.get("target") or {}
        result["object"] = {
            "target": _reference(source.get("describedObject") or {}), **_name(source),
            "targetValue": target.get("value", "0"),
            **_compact(selector=_selector(source), averageValue=target.get("averageValue")),
        }
    if (source := metric.get("pods")) is not None:
        target = source.get("target") or {}
        result["pods"] = {
            **_name(source), "targetAverageValue": target.get("averageValue", "0"),
            **_compact(selector=_selector(source)),
        }
    for kind in ("resource", "containerResource"):
        if (source := metric.get(kind)) is not None:
            target = source.get("target") or {}
            result[kind] = {
                "name": source.get("name", ""),
                **_compact(
                    targetAverageUtilization=target.get("averageUtilization"),
                    targetAverageValue=target.get("averageValue"),
                ),
                **({"container": source.get("container", "")} if kind == "containerResource" else {}),
            }
    if (source := metric.get("external")) is not None:
        target = source.get("target") or {}
        result["external"] = {
            **_name(source),
            **_compact(
                metricSelector=_selector(source), targetValue=target.get("value"),
                targetAverageValue=target.get("averageValue"),
            ),
        }
    return result


def spec_from_v1(metric: Object) -> Object:
    result: Object = {"type": metric.get("type", "")}
    if (source := metric.get("object")) is not None:
        average, value = source.get("averageValue"), source.get("targetValue", "0")
        # v1 always shows a value; beside an average, none is meant by a zero.
        given = None if average is not None and value in ("0", 0) else value
        result["object"] = {
            "describedObject": _reference(source.get("target") or {}),
            "target": {
                "type": "Value" if average is None else "AverageValue",
                **_compact(value=given, averageValue=average),
            },
            "metric": _identifier(source, "selector"),
        }
    if (source := metric.get("pods")) is not None:
        result["pods"] = {
            "metric": _identifier(source, "selector"),
            "target": {"type": "AverageValue", "averageValue": source.get("targetAverageValue", "0")},
        }
    for kind in ("resource", "containerResource"):
        if (source := metric.get(kind)) is not None:
            utilization = source.get("targetAverageUtilization")
            result[kind] = {
                "name": source.get("name", ""),
                "target": {
                    "type": "AverageValue" if utilization is None else "Utilization",
                    **_compact(averageValue=source.get("targetAverageValue"), averageUtilization=utilization),
                },
                **({"container": source.get("container", "")} if kind == "containerResource" else {}),
            }
    if (source := metric.get("external")) is not None:
        value = source.get("targetValue")
        result["external"] = {
            "metric": _identifier(source, "metricSelector"),
            "target": {
                "type": "AverageValue" if value is None else "Value",
                **_compact(value=value, averageValue=source.get("targetAverageValue")),
            },
        }
    return result


def status_to_v1(metric: Object) -> Object:
    """One of status.currentMetrics."""
    result: Object = {"type": metric.get("type", "")}
    if (source := metric.get("object")) is not None:
        current = source.get("current") or {}
        result["object"] = {
            "target": _reference(source.get("describedObject") or {}), **_name(source),
            "currentValue": current.get("value", "0"),
            **_compact(selector=_selector(source), averageValue=current.get("averageValue")),
        }
    if (source := metric.get("pods")) is not None:
        current = source.get("current") or {}
        result["pods"] = {
            **_name(source), "currentAverageValue": current.get("averageValue", "0"),
            **_compact(selector=_selector(source)),
        }
    for kind in ("resource", "containerResource"):
        if (source := metric.get(kind)) is not None:
            current = source.get("current") or {}
            result[kind] = {
                "name": source.get("name", ""),
                **_compact(currentAverageUtilization=current.get("averageUtilization")),
                "currentAverageValue": current.get("averageValue", "0"),
                **({"container": source.get("container", "")} if kind == "containerResource" else {}),
            }
    if (source := metric.get("external")) is not None:
        current = source.get("current") or {}
        result["external"] = {
            **_name(source), **_compact(metricSelector=_selector(source)),
            "currentValue": current.get("value", "0"),
            **_compact(currentAverageValue=current.get("averageValue")),
        }
    return result


def status_from_v1(metric: Object) -> Object:
    result: Object = {"type": metric.get("type", "")}
    if (source := metric.get("object")) is not None:
        result["object"] = {
            "metric": _identifier(source, "selector"),
            "current": {"value": source.get("currentValue", "0"), **_compact(averageValue=source.get("averageValue"))},
            "describedObject": _reference(source.get("target") or {}),
        }
    if (source := metric.get("pods")) is not None:
        result["pods"] = {
            "metric": _identifier(source, "selector"),
            "current": {"averageValue": source.get("currentAverageValue", "0")},
        }
    for kind in ("resource", "containerResource"):
        if (source := metric.get(kind)) is not None:
            result[kind] = {
                "name": source.get("name", ""),
                "current": {
                    "averageValue": source.get("currentAverageValue", "0"),
                    **_compact(averageUtilization=source.get("currentAverageUtilization")),
                },
                **({"container": source.get("container", "")} if kind == "containerResource" else {}),
            }
    if (source := metric.get("external")) is not None:
        result["external"] = {
            "metric": _identifier(source, "metricSelector"),
            "current": {
                "value": source.get("currentValue", "0"), **_compact(averageValue=source.get("currentAverageValue"))
            },
        }
    return result


def _name(source: Object) -> Object:
    return {"metricName": (source.get("metric") or {}).get("name", "")}


def _selector(source: Object) -> Any:
    return (source.get("metric") or {}).get("selector")


def _identifier(source: Object, selector: str) -> Object:
    return {"name": source.get("metricName", ""), **_compact(selector=source.get(selector))}
