from typing import Any

import pytest

from pilothouse.registry.flowcontrol import mandatory
from pilothouse.registry.flowcontrol.level_validation import validate_conditions, validate_priority_level
from pilothouse.registry.flowcontrol.schema_validation import validate_flow_schema
from tests.registry.checks import begins, edited

SCHEMA: dict[str, Any] = {"metadata": {"name": "s"}, "spec": {
    "matchingPrecedence": 1000, "distinguisherMethod": {"type": "ByUser"}, "priorityLevelConfiguration": {"name": "p"},
    "rules": [{
        "subjects": [{"kind": "User", "user": {"name": "u"}}],
        "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["/a/*"]}],
    }],
}}
RULE = "spec.rules.0"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.matchingPrecedence", 1, ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may"]),
    ("spec.matchingPrecedence", 10001, ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than"]),
    ("spec.matchingPrecedence", -1, ["spec.matchingPrecedence: Invalid value: -1: must be a positive value"]),
    ("spec.distinguisherMethod.type", "Odd", ['spec.distinguisherMethod.type: Unsupported value: {"Type":"Odd"}: ']),
    ("spec.priorityLevelConfiguration", {}, ["spec.priorityLevelConfiguration.name: Required value: must reference"]),
    (f"{RULE}.subjects", [], ["spec.rules[0].subjects: Required value: subjects must contain at least one value"]),
    (f"{RULE}.subjects.0.kind", "Odd", ['spec.rules[0].subjects[0].kind: Unsupported value: "Odd": supported values']),
    (f"{RULE}.subjects.0.kind", "Group", [
        "spec.rules[0].subjects[0].group: Required value: group is required when subject kind is 'Group'",
        "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
    ]),
    (f"{RULE}.subjects.0", {"kind": "ServiceAccount", "serviceAccount": {"name": "*"}}, [
        "spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace",
    ]),
    (f"{RULE}.resourceRules.0.verbs", ["*", "get"], ['spec.rules[0].resourceRules[0].verbs: Invalid value: ["*",']),
    (f"{RULE}.resourceRules.0.verbs", ["odd"], ['spec.rules[0].resourceRules[0].verbs: Unsupported value: ["odd"]']),
    (f"{RULE}.resourceRules.0.namespaces", [], ["spec.rules[0].resourceRules[0].namespaces: Required value: resource"]),
    (f"{RULE}.resourceRules.0.namespaces", ["A"], ['spec.rules[0].resourceRules[0].namespaces[0]: Invalid value: "A": '
                                                   "each member of this list must be '*' or a DNS-1123 label; a low"]),
    (f"{RULE}.resourceRules.0.apiGroups", ["*", "a"], ["spec.rules[0].resourceRules[0].apiGroups: Invalid value: "]),
    (f"{RULE}.nonResourceRules.0.nonResourceURLs", ["x", "/a//b", "/a*", ""], [
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a//b": must not contain double',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a*": wildcard can only do suffix',
        'spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "": must not be empty',
    ]),
])
def test_flow_schemas(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_flow_schema(edited(SCHEMA, path, value)), expected)


def test_mandatory_objects_are_fixed() -> None:
    for name, spec in mandatory.FLOW_SCHEMAS.items():
        schema = {"metadata": {"name": name}, "spec": spec}
        begins(validate_flow_schema(schema), [])
        begins(validate_flow_schema(edited(schema, "spec.rules", [])), [
            'spec: Invalid value: {"PriorityLevelConfiguration":{"Name":'
        ])
    exempt = {"type": "Exempt", "exempt": {"lendablePercent": 50}}
    begins(validate_priority_level({"metadata": {"name": "exempt"}, "spec": exempt}), [])
    limited = dict(mandatory.PRIORITY_LEVELS["catch-all"])
    catch_all = {"metadata": {"name": "catch-all"}, "spec": limited}
    begins(validate_priority_level(catch_all), [])
    begins(validate_priority_level(edited(catch_all, "spec.limited.lendablePercent", 5)), [
        'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":5,'
    ])


QUEUING = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
LEVEL: dict[str, Any] = {"metadata": {"name": "l"}, "spec": {"type": "Limited", "limited": {
    "nominalConcurrencyShares": 30, "lendablePercent": 0, "limitResponse": {"type": "Queue", "queuing": QUEUING},
}}}
RESPONSE = "spec.limited.limitResponse"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.type", "Exempt", ["spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is",
                             "spec.limited: Forbidden: must be nil if the type is not Limited"]),
    ("spec.type", "Odd", ['spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"']),
    ("spec.exempt", {}, ["spec.exempt: Forbidden: must be nil if the type is Limited"]),
    ("spec.limited.nominalConcurrencyShares", -1, ["spec.limited.nominalConcurrencyShares: Invalid value: -1: "]),
    ("spec.limited.lendablePercent", 101, ["spec.limited.lendablePercent: Invalid value: 101: must be between 0 and"]),
    ("spec.limited.borrowingLimitPercent", -1, ["spec.limited.borrowingLimitPercent: Invalid value: -1: if specified"]),
    (f"{RESPONSE}.type", "Reject", [f"{RESPONSE}.queuing: Forbidden: must be nil if"]),
    (f"{RESPONSE}.queuing", None, [f"{RESPONSE}.queuing: Required value: must not be empty if"]),
    (f"{RESPONSE}.queuing.handSize", 65, [f"{RESPONSE}.queuing.handSize: Invalid value: 65: should not be greater"]),
    (f"{RESPONSE}.queuing.handSize", 11, [f"{RESPONSE}.queuing.handSize: Invalid value: 11: required entropy bits of "
                                          "deckSize 64 and handSize 11 should not be greater than 60"]),
    (f"{RESPONSE}.queuing.queueLengthLimit", -1, [f"{RESPONSE}.queuing.queueLengthLimit: Invalid value: -1: must be"]),
    ("metadata.annotations", {"flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares": ""}, [
        "metadata.annotations: Forbidden: annotation 'flowcontrol.k8s.io/v1beta3-preserve-zero"
    ]),
])
def test_priority_levels(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_priority_level(edited(LEVEL, path, value)), expected)


def test_conditions() -> None:
    begins(validate_conditions({"status": {"conditions": [{"type": ""}, {"type": ""}]}}), [
        "status.conditions[0].type: Required value", 'status.conditions[1].type: Duplicate value: ""',
        "status.conditions[1].type: Required value",
    ])
