from typing import Any

import pytest

from pilothouse.registry.rbac.validation import (
    validate_cluster_role,
    validate_cluster_role_binding,
    validate_role,
    validate_role_binding,
    validate_role_ref_update,
)
from tests.registry.checks import begins, edited

GROUP = "rbac.authorization.k8s.io"
BINDING: dict[str, Any] = {
    "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "r"},
    "subjects": [{"kind": "User", "apiGroup": GROUP, "name": "u"}, {"kind": "ServiceAccount", "name": "s"}],
}


@pytest.mark.parametrize(("rule", "expected"), [
    ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, []),
    ({}, ["rules[0].verbs: Required value: verbs must contain", "rules[0].apiGroups: Required value: resource rules",
          "rules[0].resources: Required value: resource rules"]),
    ({"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["a"]}, [
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources',
    ]),
])
def test_roles(rule: dict[str, Any], expected: list[str]) -> None:
    begins(validate_role({"rules": [rule]}), expected)


def test_cluster_roles() -> None:
    begins(validate_cluster_role({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}), [])
    begins(validate_cluster_role({"aggregationRule": {}}), [
        "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required"
    ])
    selector = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]}
    odd = {"aggregationRule": {"clusterRoleSelectors": [selector]}}
    begins(validate_cluster_role(odd), [
        'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values[0]: Invalid value: "b c"',
        "aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.",
    ])
    begins(validate_cluster_role(odd, odd), [
        "aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector."
    ])


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("roleRef.apiGroup", "x", [f'roleRef.apiGroup: Unsupported value: "x": supported values: "{GROUP}"']),
    ("roleRef.kind", "x", ['roleRef.kind: Unsupported value: "x": supported values: "Role", "ClusterRole"']),
    ("roleRef.name", "", ["roleRef.name: Required value"]),
    ("roleRef.name", "a/b", ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"]),
    ("subjects.0.name", "", ["subjects[0].name: Required value"]),
    ("subjects.0.apiGroup", "", ['subjects[0].apiGroup: Unsupported value: ""']),
    ("subjects.0.kind", "x", ['subjects[0].kind: Unsupported value: "x": supported values: "ServiceAccount", "User"']),
    ("subjects.1.apiGroup", "x", ['subjects[1].apiGroup: Unsupported value: "x": supported values: ""']),
    ("subjects.1.name", "A", ['subjects[1].name: Invalid value: "A"']),
])
def test_bindings(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_role_binding(edited(BINDING, path, value)), expected)


def test_cluster_role_bindings() -> None:
    begins(validate_cluster_role_binding(BINDING), [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        "subjects[1].namespace: Required value",
    ])


def test_a_binding_stays_with_its_role() -> None:
    begins(validate_role_ref_update(BINDING, BINDING), [])
    begins(validate_role_ref_update(edited(BINDING, "roleRef.name", "x"), BINDING), [
        f'roleRef: Invalid value: {{"APIGroup":"{GROUP}","Kind":"Role","Name":"x"}}: cannot change roleRef'
    ])
