from typing import Any

import pytest

from pilothouse.apimachinery import field
from pilothouse.registry.admissionregistration.policy_validation import (
    validate_mutating_binding,
    validate_mutating_policy,
    validate_policy_status,
    validate_validating_binding,
    validate_validating_policy,
)
from pilothouse.registry.admissionregistration.webhook_validation import validate_webhooks
from tests.registry.checks import ABSENT, begins, edited

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}
HOOKS: dict[str, Any] = {"webhooks": [{
    "name": "a.b.c", "clientConfig": {"url": "https://a"}, "rules": [RULE], "failurePolicy": "Fail",
    "matchPolicy": "Exact", "sideEffects": "None", "timeoutSeconds": 10, "admissionReviewVersions": ["v1"],
    "namespaceSelector": {}, "objectSelector": {},
}]}
HOOK, AT = "webhooks.0", "webhooks[0]"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    (f"{HOOK}.name", "a.b", [f'{AT}.name: Invalid value: "a.b": should be a domain with at least three segments']),
    (f"{HOOK}.rules.0.operations", ["*", "ODD"], [
        f'{AT}.rules[0].operations: Invalid value: ["*","ODD"]: if \'*\' is present, must not specify other operations',
        f'{AT}.rules[0].operations[1]: Unsupported value: "ODD": supported values: "*", "CONNECT", "CREATE"',
    ]),
    (f"{HOOK}.rules.0.resources", ["a/*", "a/b", "*/c", "b/c", ""], [
        f"{AT}.rules[0].resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b",
        f"{AT}.rules[0].resources[3]: Invalid value: \"b/c\": if '*/c' is present, must not specify b/c",
        f"{AT}.rules[0].resources[4]: Required value",
    ]),
    (f"{HOOK}.rules.0.resources", ["*", "*/*", "a"], [
        f"{AT}.rules[0].resources: Invalid value: [\"*\",\"*/*\",\"a\"]: if '*/*' is present",
        f"{AT}.rules[0].resources: Invalid value: [\"*\",\"*/*\",\"a\"]: if '*' is present",
    ]),
    (f"{HOOK}.rules.0.apiVersions", [""], [f"{AT}.rules[0].apiVersions[0]: Required value"]),
    (f"{HOOK}.rules.0.scope", "Odd", [f'{AT}.rules[0].scope: Unsupported value: "Odd"']),
    (f"{HOOK}.failurePolicy", "Odd", [f'{AT}.failurePolicy: Unsupported value: "Odd"']),
    (f"{HOOK}.sideEffects", ABSENT, [f"{AT}.sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
    (f"{HOOK}.sideEffects", "Some", [f'{AT}.sideEffects: Unsupported value: "Some"']),
    (f"{HOOK}.timeoutSeconds", 31, [f"{AT}.timeoutSeconds: Invalid value: 31: the timeout value must be between"]),
    (f"{HOOK}.clientConfig", {}, [f"{AT}.clientConfig: Required value: exactly one of url or service is required"]),
    (f"{HOOK}.admissionReviewVersions", [], [f"{AT}.admissionReviewVersions: Required value: must specify one of v1"]),
    (f"{HOOK}.admissionReviewVersions", ["v2", "v2"], [
        f'{AT}.admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
        f'{AT}.admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
    ]),
    (f"{HOOK}.matchConditions", [{"name": "a", "expression": " "}, {"name": "a", "expression": "true"}], [
        f"{AT}.matchConditions[0].expression: Required value", f'{AT}.matchConditions[1].name: Duplicate value: "a"',
    ]),
])
def test_webhooks(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_webhooks(edited(HOOKS, path, value)), expected)


def test_webhooks_keep_old_faults() -> None:
    odd = edited(edited(HOOKS, f"{HOOK}.sideEffects", "Some"), f"{HOOK}.admissionReviewVersions", ["v2"])
    odd["webhooks"].append(odd["webhooks"][0])
    assert len(validate_webhooks(odd)) == 5
    begins(validate_webhooks(odd, odd), [])


MATCH = {"matchPolicy": "Exact", "namespaceSelector": {}, "objectSelector": {}, "resourceRules": [RULE]}
POLICY: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {
    "failurePolicy": "Fail", "matchConstraints": MATCH, "validations": [{"expression": "true"}],
}}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.failurePolicy", ABSENT, ["spec.failurePolicy: Required value"]),
    ("spec.matchConstraints", ABSENT, ["spec.matchConstraints: Required value"]),
    ("spec.matchConstraints.resourceRules", [], ["spec.matchConstraints.resourceRules: Required value"]),
    ("spec.matchConstraints.namespaceSelector", ABSENT, ["spec.matchConstraints.namespaceSelector: Required value"]),
    ("spec.matchConstraints.excludeResourceRules", [{**RULE, "resourceNames": ["a", "a"]}], [
        'spec.matchConstraints.excludeResourceRules[0].resourceNames[1]: Duplicate value: "a"'
    ]),
    ("spec.validations", [], ["spec.validations: Required value", "spec.auditAnnotations: Required value"]),
    ("spec.validations.0", {"expression": "", "message": "a\nb", "messageExpression": " ", "reason": "Odd"}, [
        "spec.validations[0].expression: Required value: expression is not specified",
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
        'spec.validations[0].reason: Unsupported value: "Odd"',
    ]),
    ("spec.paramKind", {"apiVersion": "A/", "kind": "a b"}, [
        'spec.paramKind.apiVersion: Invalid value: "A": a lowercase',
        'spec.paramKind.apiVersion: Invalid value: "A/": version must be specified',
        'spec.paramKind.kind: Invalid value: "a b": may have mixed case, but should otherwise match: a DNS-1035',
    ]),
    ("spec.variables", [{"name": "in", "expression": "1"}, {}], [
        'spec.variables[0].name: Invalid value: "in": must be a valid CEL identifier',
        "spec.variables[1].name: Required value: name is not specified",
        "spec.variables[1].expression: Required value: expression is not specified",
    ]),
    ("spec.auditAnnotations", [{"key": "a"}, {"key": "a", "valueExpression": "x" * 6000}], [
        "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
        "spec.auditAnnotations[1].valueExpression: Required value: must not exceed 5120 bytes in length",
        'spec.auditAnnotations[1].key: Duplicate value: "a"',
    ]),
])
def test_validating_policies(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_validating_policy(edited(POLICY, path, value)), expected)


def test_mutating_policies() -> None:
    patch = "[JSONPatch{op: 'remove', path: '/x'}]"
    mutation: dict[str, Any] = {"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}
    good = {"metadata": {}, "spec": {
        "failurePolicy": "Fail", "matchConstraints": MATCH, "mutations": [mutation], "reinvocationPolicy": "Never",
    }}
    begins(validate_mutating_policy(good), [])
    for path, value, expected in (
        ("spec.mutations", [], ["spec.mutations: Required value: mutations must contain at least one item"]),
        ("spec.reinvocationPolicy", "", ["spec.reinvocationPolicy: Required value"]),
        ("spec.mutations.0.patchType", "", ["spec.mutations[0].patchType: Required value"]),
        ("spec.mutations.0.patchType", "Odd", ['spec.mutations[0].patchType: Unsupported value: "Odd"']),
        ("spec.mutations.0.jsonPatch", None, ["spec.mutations[0].jsonPatch: Required value: must be specified when"]),
        ("spec.mutations.0.applyConfiguration", {}, [
            'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified'
        ]),
        ("spec.matchConstraints.resourceRules.0.operations", ["DELETE"], [
            'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE"'
        ]),
    ):
        begins(validate_mutating_policy(edited(good, path, value)), expected)


def test_bindings() -> None:
    ref = {"name": "n", "parameterNotFoundAction": "Deny"}
    good = {"spec": {"policyName": "p", "validationActions": ["Deny"], "paramRef": ref}}
    begins(validate_validating_binding(good), [])
    begins(validate_validating_binding(edited(good, "spec.validationActions", ["Deny", "Warn", "Odd", "Odd"])), [
        'spec.validationActions[2]: Unsupported value: "Odd"', 'spec.validationActions[3]: Unsupported value: "Odd"',
        'spec.validationActions[3]: Duplicate value: "Odd"', "spec.validationActions: Invalid value: [",
    ])
    begins(validate_validating_binding({"spec": {}}), [
        "spec.policyName: Required value", "spec.validationActions: Required value: at least one validation action",
    ])
    begins(validate_mutating_binding({"spec": {"policyName": "p", "paramRef": {"name": "n", "selector": {}}}}), [
        "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
        "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
        "spec.paramRef.parameterNotFoundAction: Required value",
    ])
    begins(validate_mutating_binding({"spec": {"policyName": "p", "paramRef": {"parameterNotFoundAction": "Odd"}}}), [
        "spec.paramRef: Required value: one of name or selector must be specified",
        'spec.paramRef.parameterNotFoundAction: Unsupported value: "Odd": supported values: "Deny", "Allow"',
    ])


def test_status() -> None:
    warnings = [{"fieldRef": "", "warning": ""}]
    begins(validate_policy_status({"status": {"typeChecking": {"expressionWarnings": warnings}}}), [
        "status.typeChecking.expressionWarnings[0].warning: Required value",
        "status.typeChecking.expressionWarnings[0].fieldRef: Required value",
    ])


def test_long_lists_are_looked_through_once() -> None:
    """Each of these would take hours."""
    versions = [f"v{i}" for i in range(1, 100_000)]
    webhook = {
        "name": "a.example.com", "sideEffects": "None", "clientConfig": {"url": "https://example.com/"},
        "admissionReviewVersions": [*versions, "v1"],
    }
    (error,) = validate_webhooks({"webhooks": [webhook]})
    assert error.detail == "duplicate version"
    spec = {"policyName": "p", "validationActions": [*versions, "v1"]}
    assert validate_validating_binding({"spec": spec})[-1].reason == field.DUPLICATE
