from typing import Any

import pytest

from pilothouse.registry.policy.validation import validate_disruption_budget, validate_disruption_budget_status
from tests.registry.checks import begins

BOTH = (
    'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: '
    "minAvailable and maxUnavailable cannot be both set"
)


@pytest.mark.parametrize(("spec", "expected"), [
    ({"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}, []),
    ({"minAvailable": 1, "maxUnavailable": 1}, [BOTH]),
    ({"minAvailable": -1}, ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
    ({"maxUnavailable": "x"}, ['spec.maxUnavailable: Invalid value: "x": a valid percent string']),
    ({"maxUnavailable": "101%"}, ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
    ({"selector": {"matchLabels": {"a": "b c"}}}, ['spec.selector.matchLabels: Invalid value: "b c"']),
    ({"unhealthyPodEvictionPolicy": "Odd"}, ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd": supported '
                                             'values: "AlwaysAllow", "IfHealthyBudget"']),
])
def test_budgets(spec: dict[str, Any], expected: list[str]) -> None:
    begins(validate_disruption_budget({"spec": spec}), expected)


def test_a_budget_keeps_a_bad_selector() -> None:
    requirement = {"key": "a", "operator": "In", "values": ["b c"]}
    odd = {"spec": {"selector": {"matchExpressions": [requirement]}}}
    assert len(validate_disruption_budget(odd)) == 1
    begins(validate_disruption_budget(odd, odd), [])


def test_status() -> None:
    begins(validate_disruption_budget_status({"status": {"currentHealthy": -1, "conditions": [{"type": "A"}]}}), [
        'status.conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
        "status.conditions[0].lastTransitionTime: Required value",
        "status.conditions[0].reason: Required value",
        "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
    ])
