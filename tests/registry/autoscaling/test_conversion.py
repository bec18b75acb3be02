import json
from typing import Any

import pytest

from pilothouse.registry.autoscaling.conversion import v1_to_v2, v2_to_v1
from pilothouse.registry.autoscaling.defaults import default_v2

Object = dict[str, Any]

PREFIX = "autoscaling.alpha.kubernetes.io/"


def cpu(percent: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


METRICS = [
    cpu(60),
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
    {
        "type": "External",
        "external": {
            "metric": {"name": "q", "selector": {"matchLabels": {"a": "<b>"}}},
            "target": {"type": "Value", "value": "30"},
        },
    },
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Service", "name": "s", "apiVersion": "v1"},
            "target": {"type": "AverageValue", "averageValue": "2k"}, "metric": {"name": "o"},
        },
    },
    {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}, "container": "c",
        },
    },
]


def hpa(**spec: Any) -> Object:
    return {
        "metadata": {"name": "a", "annotations": {"keep": "1"}},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 5, **spec},
        "status": {"desiredReplicas": 0, "currentMetrics": None},
    }


def test_what_v1_has_no_fields_for_goes_through_annotations_without_loss() -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60, "tolerance": "100m"}}
    full = hpa(metrics=METRICS, behavior=behavior, minReplicas=1)
    full["status"] = {
        "currentReplicas": 2, "desiredReplicas": 3, "lastScaleTime": "2020-01-02T03:04:05Z",
        "currentMetrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "current": {"averageValue": "1", "averageUtilization": 33}},
            },
            {
                "type": "Pods",
                "pods": {"metric": {"name": "rps"}, "current": {"averageValue": "9"}},
            },
        ],
        "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": "2020-01-02T03:04:05Z"}],
    }
    default_v2(full)
    old = v2_to_v1(full)
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
    assert old["status"]["currentCPUUtilizationPercentage"] == 33
    assert "<" not in old["metadata"]["annotations"][PREFIX + "metrics"]
    back = v1_to_v2(old)
    # the one CPU metric comes last, as upstream puts it back
    full["spec"]["metrics"] = [*METRICS[1:], METRICS[0]]
    assert back == full


def test_annotations_are_gos_json() -> None:
    full = hpa(metrics=METRICS[:2], behavior={"scaleDown": {"policies": [{"type": "Pods", "value": 1}]}})
    annotations = v2_to_v1(full)["metadata"]["annotations"]
    assert annotations == {
        PREFIX + "behavior": '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":null,'
        '"Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":0}],"Tolerance":null}}',
        PREFIX + "metrics": '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
        "keep": "1",
    }


def test_v1_without_metrics_means_eighty_percent() -> None:
    old = {"metadata": {"name": "a"}, "spec": {"maxReplicas": 3}, "status": {"currentReplicas": 0}}
    new = v1_to_v2(old)
    assert new["spec"]["metrics"] == [cpu(80)]
    assert new["status"] == {"desiredReplicas": 0, "currentMetrics": None}
    assert v2_to_v1(new)["spec"]["targetCPUUtilizationPercentage"] == 80


def test_annotations_that_cannot_be_read_count_as_absent() -> None:
    old = hpa(targetCPUUtilizationPercentage=40)
    old["metadata"]["annotations"] = {PREFIX + "metrics": "{", PREFIX + "behavior": "[]", PREFIX + "conditions": "1"}
    new = v1_to_v2(old)
    assert new["spec"]["metrics"] == [cpu(40)]
    assert "behavior" not in new["spec"]
    assert "annotations" not in new["metadata"]


def test_go_reads_names_in_any_case() -> None:
    old = hpa()
    behavior = {"scaleup": {"selectpolicy": "Min", "POLICIES": [{"TYPE": "Pods", "value": 2, "periodSeconds": 3}]}}
    old["metadata"]["annotations"] = {PREFIX + "behavior": json.dumps(behavior)}
    assert v1_to_v2(old)["spec"]["behavior"] == {
        "scaleUp": {"selectPolicy": "Min", "policies": [{"type": "Pods", "value": 2, "periodSeconds": 3}]}
    }


def test_kind_and_version_follow() -> None:
    new = {**hpa(metrics=[cpu(1)]), "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    old = v2_to_v1(new)
    assert old["apiVersion"] == "autoscaling/v1"
    assert v1_to_v2(old)["apiVersion"] == "autoscaling/v2"


@pytest.mark.parametrize("text", [
    "5", "[5]", '[{"type":5}]', '[{"type":"Resource","resource":5}]',
    '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"abc"}}]',
])
def test_annotations_of_wrong_types_count_as_absent(text: str) -> None:
    annotations = {"autoscaling.alpha.kubernetes.io/metrics": text, "autoscaling.alpha.kubernetes.io/behavior": "[5]"}
    converted = v1_to_v2({"metadata": {"name": "h", "annotations": annotations}, "spec": {"maxReplicas": 1}})
    assert [metric["type"] for metric in converted["spec"]["metrics"]] == ["Resource"]
    assert "behavior" not in converted["spec"]
