import asyncio
from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.user import User
from pilothouse.authorization import escalation
from pilothouse.authorization.aggregation import aggregated_rules
from pilothouse.authorization.rbac import RBACAuthorizer

ROLES = GroupResource("rbac.authorization.k8s.io", "roles")
BOB = User("bob", groups=("system:authenticated",))


def refusal(rbac: RBACAuthorizer, rules: list[dict[str, Any]]) -> str:
    return escalation.refusal(rbac.policy_rules_for(BOB, "ns"), BOB, rules, ROLES)


def covers(owned: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    holdings = escalation.Holdings(owned)
    missing = [part for rule in wanted for part in holdings.missing(rule)]
    assert not (missing and all(map(holdings.hold, wanted)))
    assert bool(escalation.missing_rules(owned, wanted)) == bool(missing)
    return not missing


def rule(**fields: str) -> dict[str, Any]:
    return {name: value.split(",") for name, value in fields.items()}


PODS = rule(verbs="get,list", apiGroups="", resources="pods")
STATUSES = rule(verbs="get", apiGroups="", resources="*/status")


@pytest.mark.parametrize(("own", "wanted", "covered"), [
    (PODS, rule(verbs="get", apiGroups="", resources="pods"), True),
    (PODS, rule(verbs="get,watch", apiGroups="", resources="pods"), False),
    (PODS, rule(verbs="get", apiGroups="", resources="pods", resourceNames="a"), True),
    (PODS | {"resourceNames": ["a"]}, rule(verbs="get", apiGroups="", resources="pods"), False),
    (PODS | {"resourceNames": ["a", "b"]}, rule(verbs="get", apiGroups="", resources="pods", resourceNames="a"), True),
    (rule(verbs="*", apiGroups="*", resources="*"), PODS, True),
    (rule(verbs="*", apiGroups="*", resources="*"), rule(verbs="get", nonResourceURLs="/x"), False),
    (STATUSES, rule(verbs="get", apiGroups="", resources="pods/status"), True),
    (STATUSES, rule(verbs="get", apiGroups="", resources="pods"), False),
    (rule(verbs="get", nonResourceURLs="/api/*"), rule(verbs="get", nonResourceURLs="/api/v1"), True),
    (rule(verbs="get", nonResourceURLs="/api/*"), rule(verbs="get", nonResourceURLs="/apis"), False),
    (rule(verbs="*", apiGroups="", resources="pods"), rule(verbs="*", apiGroups="", resources="pods"), True),
    (PODS, rule(verbs="*", apiGroups="", resources="pods"), False),
])
def test_cover(own: dict[str, Any], wanted: dict[str, Any], covered: bool) -> None:
    assert covers([own], [wanted]) == covered


def test_no_single_rule_must_cover_all() -> None:
    assert covers(
        [rule(verbs="get", apiGroups="", resources="pods"), rule(verbs="list", apiGroups="", resources="pods")], [PODS],
    )


@pytest.fixture
def rbac() -> RBACAuthorizer:
    made = RBACAuthorizer()
    made.apply("Role", "ns", "own", {"rules": [
        rule(verbs="get", apiGroups="", resources="configmaps"),
        rule(verbs="bind", apiGroups="rbac.authorization.k8s.io", resources="clusterroles", resourceNames="view"),
        rule(verbs="escalate", apiGroups="rbac.authorization.k8s.io", resources="roles"),
    ]})
    made.apply("RoleBinding", "ns", "own", {
        "roleRef": {"kind": "Role", "name": "own"}, "subjects": [{"kind": "User", "name": "bob"}],
    })
    return made


def test_refusals_as_upstream_words_them(rbac: RBACAuthorizer) -> None:
    assert refusal(rbac, [rule(verbs="get", apiGroups="", resources="configmaps")]) == ""
    wanted = [
        rule(verbs="get,list,watch", apiGroups="", resources="configmaps"),
        rule(verbs="get", apiGroups="", resources="secrets", resourceNames="a,b"),
        rule(verbs="get", nonResourceURLs="/x"),
    ]
    assert refusal(rbac, wanted) == (
        'user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["list" "watch"]}\n'
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}\n'
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get"]}\n'
        '{NonResourceURLs:["/x"], Verbs:["get"]}'
    )


def test_unresolved_roles_are_told_in_the_name_of_the_request(rbac: RBACAuthorizer) -> None:
    rbac.apply("RoleBinding", "ns", "lost", {
        "roleRef": {"kind": "Role", "name": "lost"}, "subjects": [{"kind": "User", "name": "bob"}],
    })
    assert refusal(rbac, [PODS]).endswith(
        '; resolution errors: [roles.rbac.authorization.k8s.io "lost" not found]'
    )


def test_permissions_multiply_and_are_compared_soon(rbac: RBACAuthorizer) -> None:
    many = [f"x{i}" for i in range(40)]
    wide = {"verbs": many, "apiGroups": many, "resources": many}
    text = refusal(rbac, [wide])
    assert text.count("\n{APIGroups:") == 1600
    assert '\n{APIGroups:["x3"], Resources:["x5"], Verbs:["x0" "x1"' in text
    rbac.apply("Role", "ns", "wide", {"rules": [{**wide, "verbs": many[:20]}, {**wide, "verbs": many[20:]}]})
    rbac.apply("RoleBinding", "ns", "wide", {
        "roleRef": {"kind": "Role", "name": "wide"}, "subjects": [{"kind": "User", "name": "bob"}],
    })
    assert refusal(rbac, [wide]) == ""
    many += [f"y{i}" for i in range(1000)]
    assert refusal(rbac, [{"verbs": many, "apiGroups": many, "resources": many}]) == (
        'user "bob" (groups=["system:authenticated"]) is attempting to grant more than 100000 RBAC permissions that '
        "no single rule holds"
    )
    rbac.apply("Role", "ns", "wide", {"rules": [rule(verbs="*", apiGroups="*", resources="*")]})
    assert refusal(rbac, [{"verbs": many, "apiGroups": many, "resources": many}]) == ""


def test_explicit_permission_to_escalate_or_bind(rbac: RBACAuthorizer) -> None:
    async def test() -> None:
        group = "rbac.authorization.k8s.io"
        info = RequestInfo(True, "/", "create", api_group=group, namespace="ns", resource="roles", name="x")
        assert await escalation.may_escalate(rbac, BOB, info)
        info.resource = "clusterroles"
        assert not await escalation.may_escalate(rbac, BOB, info)
        info.resource, info.api_group = "roles", "other"
        assert not await escalation.may_escalate(rbac, BOB, info)
        view = {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
        assert await escalation.may_bind(rbac, BOB, view, "ns")
        assert not await escalation.may_bind(rbac, BOB, view, "")
        assert not await escalation.may_bind(rbac, BOB, view | {"name": "admin"}, "ns")
        assert not await escalation.may_bind(rbac, BOB, view | {"kind": "Thing"}, "ns")

    asyncio.run(test())


def test_masters_are_privileged() -> None:
    assert escalation.privileged(User("x", groups=("system:masters",)))
    assert not escalation.privileged(BOB)


def test_aggregated_rules() -> None:
    def cluster_role(name: str, label: str, *rules: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": {"name": name, "labels": {"to": label}}, "rules": list(rules)}

    own = {"metadata": {"name": "sum", "labels": {"to": "x"}}, "rules": [rule(verbs="own")],
           "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "x"}}, {"matchLabels": {"to": "y"}}]}}
    one, two, three = rule(verbs="one"), rule(verbs="two"), rule(verbs="three")
    others = [cluster_role("b", "x", two, one), cluster_role("a", "x", one), cluster_role("c", "y", three),
              cluster_role("d", "z", rule(verbs="no")), own]
    assert aggregated_rules(own, others) == [one, two, three]
    assert aggregated_rules(others[0], others) is None
    assert aggregated_rules(own | {"aggregationRule": {}}, others) == []
