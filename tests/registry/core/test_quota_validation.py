"""What is wrong with resource quotas."""

import pytest

from pilothouse.registry.core.quota_validation import validate_quota, validate_quota_status, validate_quota_update
from tests.registry.core.checks import Object, texts

_MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def selector(**requirement: object) -> Object:
    return {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", **requirement}]}}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"hard": {"cpu": "1", "count/things.example.com": "5", "requests.storage": "1Gi"}}, []),
        ({"hard": {"odd": "1"}}, [
            'spec.hard[odd]: Invalid value: "odd": must be a standard resource type or fully qualified',
            'spec.hard[odd]: Invalid value: "odd": must be a standard resource for quota',
        ]),
        ({"hard": {"pods": "1500m"}}, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']),
        ({"scopes": ["X"]}, ['spec.scopes: Invalid value: ["X"]: unsupported scope']),
        ({"scopes": ["BestEffort"], "hard": {"cpu": "1"}},
         ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']),
        ({"scopes": ["BestEffort", "NotBestEffort"]},
         ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
        (selector(operator="In", values=["a"]), []),
        (selector(operator="In"), [
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is "
            "'In' or 'NotIn' for scope selector"
        ]),
        (selector(operator="X"),
         ['spec.scopeSelector.matchExpressions.operator: Invalid value: "X": not a valid selector operator']),
        (selector(scopeName="BestEffort", operator="In", values=["a"]),
         [f'spec.scopeSelector.matchExpressions.operator: Invalid value: "In": {_MUST_EXIST}']),
        ({**selector(operator="Exists"), "hard": {"services": "1"}}, [
            'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"PriorityClass",'
            '"Operator":"Exists","Values":null}]}: unsupported scope applied to resource'
        ]),
    ],
)
def test_quotas(spec: Object, wanted: list[str]) -> None:
    assert texts(validate_quota({"spec": spec})) == wanted


def test_scopes_stay() -> None:
    old: Object = {"spec": {"scopes": ["BestEffort"]}}
    assert texts(validate_quota_update({"spec": {}}, old)) == ["spec.scopes: Invalid value: null: field is immutable"]
    assert texts(validate_quota_update(old, old)) == []


def test_status() -> None:
    assert texts(validate_quota_status({"status": {"hard": {"cpu": "1"}, "used": {"cpu": "-1"}}})) == [
        'status.used[cpu]: Invalid value: "-1": must be greater than or equal to 0'
    ]
