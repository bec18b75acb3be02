from typing import Any

import pytest

from pilothouse.registry.resource.taint_validation import (
    validate_pool_request,
    validate_pool_request_status,
    validate_pool_request_update,
    validate_taint_rule,
    validate_taint_rule_status,
)
from tests.registry.checks import ABSENT, begins, edited

RULE = {
    "spec": {
        "deviceSelector": {"driver": "gpu.example.com", "pool": "p", "device": "d"},
        "taint": {"key": "example.com/t", "value": "v", "effect": "NoExecute"},
    }
}
REQUEST = {"spec": {"driver": "gpu.example.com", "poolName": "a/b", "limit": 100}}
POOL = {"driver": "gpu.example.com", "poolName": "p", "generation": 1, "totalDevices": 3}
DONE = {**REQUEST, "status": {"poolCount": 1, "pools": [POOL]}}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.deviceSelector.driver", "a_b", ['spec.deviceSelector.driver: Invalid value: "a_b"']),
    ("spec.deviceSelector.pool", "", ["spec.deviceSelector.pool: Required value"]),
    ("spec.deviceSelector.device", "D", ['spec.deviceSelector.device: Invalid value: "D"']),
    ("spec.taint.key", "a b", ['spec.taint.key: Invalid value: "a b"']),
    ("spec.taint.effect", "", ["spec.taint.effect: Required value"]),
    ("spec.taint.effect", "Odd", ['spec.taint.effect: Unsupported value: "Odd"']),
])
def test_taint_rules(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_taint_rule(edited(RULE, path, value)), expected)


def test_a_stored_effect_is_good() -> None:
    odd = edited(RULE, "spec.taint.effect", "Odd")
    assert not list(validate_taint_rule(odd, odd))


def test_status_of_taint_rules() -> None:
    conditions = [
        {"type": f"T{i}", "status": "True", "reason": "R", "lastTransitionTime": "2020-01-01T00:00:00Z"}
        for i in range(9)
    ]
    begins(validate_taint_rule_status({"status": {"conditions": conditions}}), [
        "status.conditions: Too many: 9: must have at most 8 items",
    ])


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.driver", "", ["spec.driver: Required value"]),
    ("spec.poolName", "a//B", [
        'spec.poolName: Invalid value: "a//B": segment 1: must not be empty',
        'spec.poolName: Invalid value: "B": segment 2: a lowercase RFC 1123 subdomain',
    ]),
    ("spec.limit", ABSENT, ["spec.limit: Required value"]),
    ("spec.limit", 1001, ["spec.limit: Invalid value: 1001: must be less than or equal to 1000"]),
    ("spec.limit", 0, ["spec.limit: Invalid value: 0: must be greater than or equal to 1"]),
])
def test_pool_requests(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_pool_request(edited(REQUEST, path, value)), expected)


def test_a_pool_request_and_its_answer_stay() -> None:
    changed = edited(REQUEST, "spec.limit", 5)
    assert [e.field for e in validate_pool_request_update(changed, REQUEST)] == ["spec"]
    assert not list(validate_pool_request_status(DONE, REQUEST))
    other = edited(DONE, "status.poolCount", 2)
    assert [e.field for e in validate_pool_request_status(other, DONE)] == ["status"]


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("status.poolCount", ABSENT, ["status.poolCount: Required value"]),
    ("status.pools.0.totalDevices", -1, ["status.pools[0].totalDevices: Invalid value: -1: must be greater than"]),
    ("status.pools.0.driver", "", ["status.pools[0].driver: Required value"]),
    ("status.pools.0.validationError", "x" * 257, ["status.pools[0].validationError: Too long"]),
])
def test_answers_to_pool_requests(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_pool_request_status(edited(DONE, path, value), REQUEST), expected)
