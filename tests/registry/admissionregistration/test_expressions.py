"""Expressions of webhooks and policies, compiled with what each of them knows."""

from typing import Any

import pytest

from pilothouse.registry.admissionregistration.expressions import PolicyExpressions, match_condition

PARAMS = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}


def told(errors: Any) -> list[str]:
    return [error.detail.split("\n")[0] for error in errors]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("object.spec.replicas > 1 && request.operation == 'CREATE'", []),
        ("namespaceObject.metadata.labels['a'] == 'b'", []), ("authorizer.requestResource.check('get').allowed()", []),
        ("request.userInfo.groups.exists(g, g == 'x') && oldObject == null", []),
        ("'x'", ["must evaluate to bool but got string"]), ("object.x", ["must evaluate to bool but got dyn"]),
        ("params.x == 1", ["compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' "
                           "(in container '')"]),
        ("request.kind.x == 1", ["compilation failed: ERROR: <input>:1:13: undefined field 'x'"]),
        ("variables.x == 1", ["compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' "
                              "(in container '')"]),
    ],
)  # fmt: skip
def test_match_conditions(text: str, expected: list[str]) -> None:
    assert told(match_condition("expression", text, params=False)) == expected


def test_variables_are_composed() -> None:
    policy = PolicyExpressions({**PARAMS, "variables": [{}]})
    assert told(policy.variable("limit", "int(params.data.limit)")) == []
    assert told(policy.variable("twice", "variables.limit * 2")) == []
    assert told(policy.variable("bad", "variables.missing")) == [
        "compilation failed: ERROR: <input>:1:10: undefined field 'missing'"
    ]
    assert told(policy.validation("expression", "variables.twice > 2 && variables.bad")) == []
    assert told(policy.validation("expression", "variables.twice + 'a' == ''")) == [
        "compilation failed: ERROR: <input>:1:17: found no matching overload for '_+_' applied to '(int, string)'"
    ]
    assert told(policy.message("messageExpression", "string(variables.twice)")) == []
    assert told(policy.message("messageExpression", "authorizer.path('/').check('get').reason()")) == [
        "compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')"
    ]


def test_annotations_and_mutations() -> None:
    policy = PolicyExpressions({})
    assert told(policy.annotation("valueExpression", "true ? 'a' : null")) != []
    assert told(policy.annotation("valueExpression", "null")) == []
    assert told(policy.annotation("valueExpression", "1")) == [
        "must evaluate to one of [string null_type] but got int"
    ]
    good = "Object{spec: Object.spec{template: Object.spec.template{replicas: 3}}, ?kind: optional.of('x')}"
    assert told(policy.mutation("ApplyConfiguration", "expression", good)) == []
    assert told(policy.mutation("ApplyConfiguration", "expression", "1")) == ["must evaluate to Object but got int"]
    patch = "[JSONPatch{op: 'add', path: '/a/' + jsonpatch.escapeKey('x/y'), value: Object{a: 1}}]"
    assert told(policy.mutation("JSONPatch", "expression", patch)) == []
    assert told(policy.mutation("JSONPatch", "expression", "[]")) == [
        "must evaluate to list(JSONPatch) but got list(dyn)"
    ]
