from typing import Any

import pytest

from pilothouse.registry.autoscaling.validation import (
    api_version_error,
    needs_group,
    validate_autoscaler,
    validate_autoscaler_status,
)
from tests.registry.checks import ABSENT, begins, edited

RULES = {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}], "selectPolicy": "Max"}
GOOD: dict[str, Any] = {"spec": {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "minReplicas": 1, "maxReplicas": 3,
    "metrics": [{"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80},
    }}],
    "behavior": {"scaleUp": RULES, "scaleDown": RULES},
}}
METRIC = "spec.metrics.0"
AT = "spec.metrics[0]"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.minReplicas", 0, [
        "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
        "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero",
    ]),
    ("spec.maxReplicas", 0, [
        "spec.maxReplicas: Required value: must be set and greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ]),
    ("spec.scaleTargetRef", {}, [
        "spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value",
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
    ]),
    (f"{METRIC}.type", "Odd", [
        f'{AT}.type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods"',
        f'{AT}.type: Unsupported value: "Odd"',
    ]),
    (f"{METRIC}.type", "Pods", [
        f"{AT}.pods: Required value: must populate information for the given metric source",
    ]),
    (f"{METRIC}.pods", {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}, [
        f"{AT}.pods: Forbidden: must populate the given metric source only",
    ]),
    (f"{METRIC}.resource.target", {}, [
        f"{AT}.resource.target.type: Required value: must specify a metric target type",
        f'{AT}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
        f"{AT}.resource.target.averageUtilization: Required value: must set either a target raw value or",
    ]),
    (f"{METRIC}.resource.target.averageValue", "-1", [
        f'{AT}.resource.target.averageValue: Invalid value: "-1": must be positive',
        f"{AT}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
    ]),
    (f"{METRIC}.resource.target.averageUtilization", 0, [
        f"{AT}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
    ]),
    (METRIC, {"type": "External", "external": {"metric": {"name": ""}, "target": {"type": "Value", "value": "1"}}}, [
        f"{AT}.external.metric.name: Required value: must specify a metric name",
    ]),
    (METRIC, {"type": "Object", "object": {
        "describedObject": {"kind": "K", "name": "n", "apiVersion": "a/b/c"}, "metric": {"name": "m"},
        "target": {"type": "Value"},
    }}, [
        f'{AT}.object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        f"{AT}.object.target.averageValue: Required value: must set either a target value or averageValue",
    ]),
    (METRIC, {"type": "ContainerResource", "containerResource": {
        "name": "odd", "container": "A", "target": {"type": "Utilization", "averageUtilization": 1},
    }}, [
        f'{AT}.containerResource.name: Invalid value: "odd": must be a standard resource type or fully qualified',
        f'{AT}.containerResource.name: Invalid value: "odd": must be a standard resource for containers',
        f'{AT}.containerResource.container: Invalid value: "A"',
    ]),
    ("spec.behavior.scaleUp.stabilizationWindowSeconds", 3601, [
        "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
    ]),
    ("spec.behavior.scaleUp.selectPolicy", "Odd", ['spec.behavior.scaleUp.selectPolicy: Unsupported value: "Odd"']),
    ("spec.behavior.scaleUp.tolerance", "-1", ['spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be']),
    ("spec.behavior.scaleDown.policies", ABSENT, ["spec.behavior.scaleDown.policies: Required value: must specify"]),
    ("spec.behavior.scaleDown.policies.0", {"type": "Odd", "value": 0, "periodSeconds": 1801}, [
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
        "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
    ]),
])
def test_autoscalers(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_autoscaler(edited(GOOD, path, value)), expected)


def test_faults_that_may_stay() -> None:
    no_group = edited(GOOD, "spec.scaleTargetRef.apiVersion", "v1")
    assert len(validate_autoscaler(no_group)) == 1
    begins(validate_autoscaler(no_group, no_group), [])
    begins(validate_autoscaler(edited(no_group, "spec.scaleTargetRef.kind", "ReplicationController")), [])
    zero = edited(GOOD, "spec.minReplicas", 0)
    begins(validate_autoscaler(zero, zero), ["spec.metrics: Forbidden"])


def test_status() -> None:
    begins(validate_autoscaler_status({"status": {"currentReplicas": -1, "desiredReplicas": -1}}), [
        "status.currentReplicas: Invalid value: -1", "status.desiredReplicas: Invalid value: -1",
    ])


def test_versions() -> None:
    assert [bool(api_version_error(v)) for v in ("", "v1", "a/b", "a/b/c")] == [False, False, False, True]
    assert [bool(needs_group(v)) for v in ("", "v1", "/v1", "a/b")] == [True, True, True, False]
