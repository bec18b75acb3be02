from typing import Any

from pilothouse.registry.autoscaling.defaults import PREFIX, default_v1, default_v2


def test_v1() -> None:
    hpa: dict[str, Any] = {"spec": {}}
    default_v1(hpa)
    assert hpa["spec"] == {"minReplicas": 1}


def test_v2_measures_cpu_unless_told_otherwise() -> None:
    hpa: dict[str, Any] = {"metadata": {"annotations": {PREFIX + "metrics": "[]", "a": "b"}}, "spec": {}}
    default_v2(hpa)
    assert hpa["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    assert "behavior" not in hpa["spec"]
    assert hpa["metadata"]["annotations"] == {"a": "b"}


def test_a_behavior_is_completed_in_both_directions() -> None:
    hpa: dict[str, Any] = {"spec": {"behavior": {"scaleUp": {"selectPolicy": "Disabled"}}}}
    default_v2(hpa)
    up, down = hpa["spec"]["behavior"]["scaleUp"], hpa["spec"]["behavior"]["scaleDown"]
    assert up["selectPolicy"] == "Disabled"
    assert up["stabilizationWindowSeconds"] == 0
    assert [p["type"] for p in up["policies"]] == ["Pods", "Percent"]
    assert "stabilizationWindowSeconds" not in down
