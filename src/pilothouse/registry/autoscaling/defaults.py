"""Defaults of autoscaling (upstream: pkg/apis/autoscaling/v1/defaults.go and v2/defaults.go)."""

from typing import Any

Object = dict[str, Any]

DEFAULT_CPU_UTILIZATION = 80

PREFIX = "autoscaling.alpha.kubernetes.io/"
ROUND_TRIP = tuple(
    PREFIX + name
    for name in (
        "metrics", "current-metrics", "conditions", "behavior", "scale-down-tolerance", "scale-up-tolerance"
    )
)
"""Annotations in which v1 keeps what it has no fields for; v2 objects never carry them."""


def default_v1(hpa: Object) -> None:
    """The CPU target of a v1 object without one is defaulted when it is converted, as the metrics are needed."""
    hpa.setdefault("spec", {}).setdefault("minReplicas", 1)


def default_v2(hpa: Object) -> None:
    annotations = hpa.get("metadata", {}).get("annotations")
    if annotations:
        for name in ROUND_TRIP:
            annotations.pop(name, None)
    spec = hpa.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": DEFAULT_CPU_UTILIZATION},
                },
            }
        ]
    default_behavior(spec)


def default_behavior(spec: Object) -> None:
    """A behavior is complete in both directions as soon as it is given at all."""
    behavior = spec.get("behavior")
    if behavior is None:
        return
    up = {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    }
    down = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    for name, rules in (("scaleUp", up), ("scaleDown", down)):
        given = behavior.get(name) or {}
        behavior[name] = rules | {key: value for key, value in given.items() if value is not None}
