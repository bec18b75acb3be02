from typing import Any

from pilothouse.registry.admissionregistration import defaults


def test_webhooks() -> None:
    webhook: dict[str, Any] = {"clientConfig": {"service": {"name": "s"}}, "rules": [{"resources": ["*"]}]}
    defaults.default_mutating_webhooks({"webhooks": [webhook]})
    assert webhook == {
        "clientConfig": {"service": {"name": "s", "port": 443}}, "rules": [{"resources": ["*"], "scope": "*"}],
        "failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
        "timeoutSeconds": 10, "reinvocationPolicy": "Never",
    }
    validating: dict[str, Any] = {}
    defaults.default_validating_webhooks({"webhooks": [validating]})
    assert "reinvocationPolicy" not in validating


def test_policies() -> None:
    match: dict[str, Any] = {"resourceRules": [{}]}
    policy: dict[str, Any] = {"spec": {"matchConstraints": match}}
    defaults.default_policy(policy)
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert match == {
        "resourceRules": [{"scope": "*"}], "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
    }
    binding: dict[str, Any] = {"spec": {"matchResources": {}}}
    defaults.default_policy_binding(binding)
    assert binding["spec"]["matchResources"]["matchPolicy"] == "Equivalent"
