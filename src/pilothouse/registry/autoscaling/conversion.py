"""autoscaling/v1 HorizontalPodAutoscalers as v2 ones and back (upstream: pkg/apis/autoscaling/v1/conversion.go).

What v1 has no fields for stands in annotations, in Go's JSON; v2 objects never carry them.
"""

from collections.abc import Callable
from typing import Any

import orjson

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.apimachinery.schema.decode import decoder
from pilothouse.registry.autoscaling import metrics
from pilothouse.registry.autoscaling.defaults import DEFAULT_CPU_UTILIZATION, PREFIX, ROUND_TRIP

Object = dict[str, Any]

_KIND = GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler")
_METRICS = PREFIX + "metrics"
_CURRENT = PREFIX + "current-metrics"
_CONDITIONS = PREFIX + "conditions"
_BEHAVIOR = PREFIX + "behavior"
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def v2_to_v1(hpa: Object) -> Object:
    """A new v1 object. Not all metrics stand in the annotation: CPU utilization has a field of its own."""
    spec, status = hpa.get("spec") or {}, hpa.get("status") or {}
    annotations = _without_round_trip(_metadata(hpa).get("annotations"))
    cpu = [metric for metric in spec.get("metrics") or () if _is_cpu_utilization(metric)]
    others = [metric for metric in spec.get("metrics") or () if not _is_cpu_utilization(metric)]
    if others:
        annotations[_METRICS] = _json([metrics.spec_to_v1(metric) for metric in others])
    if status.get("currentMetrics"):
        annotations[_CURRENT] = _json([metrics.status_to_v1(metric) for metric in status["currentMetrics"]])
    if spec.get("behavior") is not None:
        annotations[_BEHAVIOR] = _json(_behavior_to_go(spec["behavior"]))
    if status.get("conditions"):
        annotations[_CONDITIONS] = _json(status["conditions"])
    result = _with_metadata(hpa, annotations, "autoscaling/v1")
    result["spec"] = {name: spec[name] for name in ("scaleTargetRef", "minReplicas", "maxReplicas") if name in spec}
    if cpu:
        result["spec"]["targetCPUUtilizationPercentage"] = cpu[0]["resource"]["target"]["averageUtilization"]
    result["status"] = _status(status, {"currentReplicas": status.get("currentReplicas", 0)})
    for metric in status.get("currentMetrics") or ():
        resource = metric.get("resource") or {}
        utilization = (resource.get("current") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and utilization is not None:
            result["status"]["currentCPUUtilizationPercentage"] = utilization
    return result


def v1_to_v2(hpa: Object) -> Object:
    """A new v2 object. An annotation that cannot be read counts as absent."""
    spec, status = hpa.get("spec") or {}, hpa.get("status") or {}
    annotations = _metadata(hpa).get("annotations") or {}
    result = _with_metadata(hpa, _without_round_trip(annotations), "autoscaling/v2")
    result["spec"] = {name: spec[name] for name in ("scaleTargetRef", "minReplicas", "maxReplicas") if name in spec}
    utilization = spec.get("targetCPUUtilizationPercentage")
    own = [] if utilization is None else [_cpu_metric(utilization)]
    others = _read(annotations, _METRICS, metrics.spec_from_v1, "spec", "metrics")
    result["spec"]["metrics"] = [*(others or ()), *own] or [_cpu_metric(DEFAULT_CPU_UTILIZATION)]
    behavior = _typed(lambda: _behavior_from_go(_load(annotations.get(_BEHAVIOR))), "spec", "behavior")
    if behavior:
        result["spec"]["behavior"] = behavior
    current: list[Object] | None = _read(
        annotations, _CURRENT, metrics.status_from_v1, "status", "currentMetrics"
    )
    cpu = status.get("currentCPUUtilizationPercentage")
    if current is None and cpu is not None:
        current = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": cpu}}}]
    replicas = {"currentReplicas": status["currentReplicas"]} if status.get("currentReplicas") else {}
    result["status"] = _status(status, replicas)
    result["status"]["currentMetrics"] = current
    conditions = _read(annotations, _CONDITIONS, dict, "status", "conditions")
    if conditions:
        result["status"]["conditions"] = conditions
    return result


def _status(status: Object, replicas: Object) -> Object:
    result: Object = {name: status[name] for name in ("observedGeneration", "lastScaleTime") if name in status}
    return {**result, **replicas, "desiredReplicas": status.get("desiredReplicas", 0)}


def _is_cpu_utilization(metric: Object) -> bool:
    resource = metric.get("resource")
    return (
        metric.get("type") == "Resource"
        and resource is not None
        and resource.get("name") == "cpu"
        and (resource.get("target") or {}).get("averageUtilization") is not None
    )


def _cpu_metric(utilization: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _with_metadata(hpa: Object, annotations: Object, version: str) -> Object:
    result = dict(hpa)
    metadata = dict(_metadata(hpa))
    if annotations:
        metadata["annotations"] = dict(sorted(annotations.items()))
    else:
        metadata.pop("annotations", None)
    result["metadata"] = metadata
    if "apiVersion" in result:
        result["apiVersion"] = version
    return result


def _metadata(hpa: Object) -> Object:
    """Field management also converts parts of objects, which may have none."""
    return hpa.get("metadata") or {}


def _without_round_trip(annotations: Object | None) -> Object:
    return {key: value for key, value in (annotations or {}).items() if key not in ROUND_TRIP}


def _json(value: Any) -> str:
    """As Go's json.Marshal: "<", ">" and "&" are escaped."""
    return orjson.dumps(value).decode().translate(_ESCAPES)


def _load(text: str | None) -> Any:
    try:
        return orjson.loads(text) if text is not None else None
    except orjson.JSONDecodeError:
        return None


def _read(
    annotations: Object, name: str, convert: Callable[[Any], Object], *field: str
) -> list[Object] | None:
    """The list in an annotation as v2's `field` has it."""
    value = _load(annotations.get(name))
    if not isinstance(value, list):
        return None
    found: list[Object] | None = _typed(lambda: [convert(item) for item in value], *field)
    return found


def _typed(convert: Callable[[], Any], *field: str) -> Any:
    """What `convert` gives, if it is of the type of v2's `field`; else None."""
    kind = type_for(_KIND)
    for name in field:
        kind = kind.fields[name].type if kind is not None else None
    try:
        return convert() if kind is None else decoder(kind)(convert(), None)
    except (AttributeError, TypeError, ValueError):
        return None


def _behavior_to_go(behavior: Object) -> Object:
    """Upstream writes its internal type, which has Go's field names and no omissions."""
    return {go: _rules_to_go(behavior.get(name)) for go, name in (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))}


def _rules_to_go(rules: Object | None) -> Object | None:
    if rules is None:
        return None
    policies = rules.get("policies")
    return {
        "StabilizationWindowSeconds": rules.get("stabilizationWindowSeconds"),
        "SelectPolicy": rules.get("selectPolicy"),
        "Policies": None if policies is None else [
            {"Type": p.get("type", ""), "Value": p.get("value", 0), "PeriodSeconds": p.get("periodSeconds", 0)}
            for p in policies
        ],
        "Tolerance": rules.get("tolerance"),
    }


def _behavior_from_go(value: Any) -> Object:
    """Go reads field names whatever their case."""
    if not isinstance(value, dict):
        return {}
    behavior = {}
    for name, wire in (("scaleup", "scaleUp"), ("scaledown", "scaleDown")):
        rules = _folded(value).get(name)
        if isinstance(rules, dict):
            behavior[wire] = _rules_from_go(_folded(rules))
    return behavior


def _rules_from_go(rules: Object) -> Object:
    result: Object = {}
    for wire in ("stabilizationWindowSeconds", "selectPolicy"):
        if rules.get(wire.lower()) is not None:
            result[wire] = rules[wire.lower()]
    policies = rules.get("policies")
    if isinstance(policies, list):
        folded = [_folded(policy) for policy in policies if isinstance(policy, dict)]
        result["policies"] = [
            {"type": p.get("type", ""), "value": p.get("value", 0), "periodSeconds": p.get("periodseconds", 0)}
            for p in folded
        ]
    if rules.get("tolerance") is not None:
        result["tolerance"] = rules["tolerance"]
    return result


def _folded(value: Object) -> Object:
    return {key.lower(): item for key, item in value.items()}
