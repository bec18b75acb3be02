import asyncio
from typing import Any

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision, NonResourceRule, ResourceRule
from pilothouse.authorization.rbac import RBACAuthorizer

ALICE = User("alice", groups=("dev", "system:authenticated"))
ROBOT = User("system:serviceaccount:ns:robot", groups=("system:serviceaccounts",))


def rule(verbs: str, resources: str, groups: str = "", names: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"verbs": verbs.split(), "apiGroups": [groups], "resources": resources.split()}
    if names:
        made["resourceNames"] = names.split()
    return made


def role(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"rules": list(rules)}


def binding(kind: str, name: str, *subjects: dict[str, str]) -> dict[str, Any]:
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    return {"roleRef": role_ref, "subjects": list(subjects)}


def subject(kind: str, name: str, namespace: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name} | ({"namespace": namespace} if namespace else {})


def decide(rbac: RBACAuthorizer, user: User, verb: str, resource: str, **more: Any) -> tuple[Decision, str]:
    return asyncio.run(rbac.authorize(Attributes(user, verb, resource=resource, **more)))


def path(rbac: RBACAuthorizer, user: User, verb: str, url: str) -> bool:
    attributes = Attributes(user, verb, is_resource_request=False, path=url)
    return asyncio.run(rbac.authorize(attributes))[0] is Decision.ALLOW


@pytest.fixture
def rbac() -> RBACAuthorizer:
    return RBACAuthorizer()


def test_nobody_may_anything_without_bindings(rbac: RBACAuthorizer) -> None:
    assert decide(rbac, ALICE, "get", "pods") == (Decision.NO_OPINION, "")


def test_cluster_bindings_hold_everywhere_and_say_why(rbac: RBACAuthorizer) -> None:
    rbac.apply("ClusterRole", "", "reader", role(rule("get list", "pods")))
    rbac.apply("ClusterRoleBinding", "", "readers", binding("ClusterRole", "reader", subject("Group", "dev")))
    allowed = (Decision.ALLOW, 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to Group "dev"')
    assert decide(rbac, ALICE, "get", "pods") == allowed
    assert decide(rbac, ALICE, "list", "pods", namespace="x") == allowed
    assert decide(rbac, ALICE, "watch", "pods")[0] is Decision.NO_OPINION
    assert decide(rbac, ALICE, "get", "pods", api_group="apps")[0] is Decision.NO_OPINION
    assert decide(rbac, ROBOT, "get", "pods")[0] is Decision.NO_OPINION


def test_role_bindings_hold_in_their_namespace(rbac: RBACAuthorizer) -> None:
    rbac.apply("Role", "ns", "reader", role(rule("get", "pods")))
    rbac.apply("RoleBinding", "ns", "b", binding("Role", "reader", subject("User", "alice")))
    assert decide(rbac, ALICE, "get", "pods", namespace="ns") == (
        Decision.ALLOW, 'RBAC: allowed by RoleBinding "b/ns" of Role "reader" to User "alice"',
    )
    assert decide(rbac, ALICE, "get", "pods", namespace="other")[0] is Decision.NO_OPINION
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.NO_OPINION


def test_a_role_binding_may_name_a_cluster_role_but_no_role_of_another_namespace(rbac: RBACAuthorizer) -> None:
    rbac.apply("ClusterRole", "", "wide", role(rule("get", "pods")))
    rbac.apply("Role", "other", "narrow", role(rule("get", "secrets")))
    rbac.apply("RoleBinding", "ns", "1", binding("ClusterRole", "wide", subject("User", "alice")))
    rbac.apply("RoleBinding", "ns", "2", binding("Role", "narrow", subject("User", "alice")))
    assert decide(rbac, ALICE, "get", "pods", namespace="ns")[0] is Decision.ALLOW
    assert decide(rbac, ALICE, "get", "secrets", namespace="ns") == (
        Decision.NO_OPINION, 'RBAC: role.rbac.authorization.k8s.io "narrow" not found',
    )


@pytest.mark.parametrize("namespace", ["ns", ""])
def test_service_accounts(rbac: RBACAuthorizer, namespace: str) -> None:
    rbac.apply("Role", "ns", "reader", role(rule("get", "pods")))
    rbac.apply("RoleBinding", "ns", "b", binding("Role", "reader", subject("ServiceAccount", "robot", namespace)))
    assert decide(rbac, ROBOT, "get", "pods", namespace="ns") == (
        Decision.ALLOW, 'RBAC: allowed by RoleBinding "b/ns" of Role "reader" to ServiceAccount "robot/ns"',
    )
    other = User("system:serviceaccount:elsewhere:robot")
    assert decide(rbac, other, "get", "pods", namespace="ns")[0] is Decision.NO_OPINION


def test_a_cluster_binding_of_a_service_account_without_namespace_binds_nobody(rbac: RBACAuthorizer) -> None:
    rbac.apply("ClusterRole", "", "r", role(rule("get", "pods")))
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("ServiceAccount", "robot")))
    assert decide(rbac, ROBOT, "get", "pods")[0] is Decision.NO_OPINION


def test_missing_roles_are_told_once_and_do_not_stand_in_the_way(rbac: RBACAuthorizer) -> None:
    alice = subject("User", "alice")
    rbac.apply("ClusterRoleBinding", "", "1", binding("ClusterRole", "gone", alice))
    rbac.apply("ClusterRoleBinding", "", "2", binding("ClusterRole", "gone", alice))
    assert decide(rbac, ALICE, "get", "pods") == (
        Decision.NO_OPINION, 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    )
    rbac.apply("ClusterRoleBinding", "", "3", binding("ClusterRole", "lost", alice))
    assert decide(rbac, ALICE, "get", "pods")[1] == (
        'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, '
        'clusterrole.rbac.authorization.k8s.io "lost" not found]'
    )
    rbac.apply("ClusterRole", "", "lost", role(rule("get", "pods")))
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.ALLOW


@pytest.mark.parametrize(("held", "resource", "subresource", "allowed"), [
    ("pods", "pods", "", True), ("pods", "pods", "log", False), ("pods/log", "pods", "log", True),
    ("pods/log", "pods", "", False), ("*", "pods", "log", True), ("*/log", "pods", "log", True),
    ("*/log", "pods", "", False), ("*/log", "pods", "status", False), ("*/scale", "deployments", "scale", True),
])
def test_resources(rbac: RBACAuthorizer, held: str, resource: str, subresource: str, allowed: bool) -> None:
    rbac.apply("ClusterRole", "", "r", role(rule("*", held)))
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("User", "alice")))
    assert (decide(rbac, ALICE, "get", resource, subresource=subresource)[0] is Decision.ALLOW) == allowed


def test_resource_names(rbac: RBACAuthorizer) -> None:
    rbac.apply("ClusterRole", "", "named", role(rule("get", "pods", names="a b"), rule("get", "secrets", names="a")))
    rbac.apply("ClusterRole", "", "all", role(rule("get", "secrets")))
    rbac.apply("ClusterRoleBinding", "", "1", binding("ClusterRole", "named", subject("User", "alice")))
    rbac.apply("ClusterRoleBinding", "", "2", binding("ClusterRole", "all", subject("User", "alice")))
    assert decide(rbac, ALICE, "get", "pods", name="b")[0] is Decision.ALLOW
    assert decide(rbac, ALICE, "get", "pods", name="c")[0] is Decision.NO_OPINION
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.NO_OPINION
    assert '"1"' in decide(rbac, ALICE, "get", "secrets", name="a")[1]
    assert '"2"' in decide(rbac, ALICE, "get", "secrets", name="c")[1]


def test_paths(rbac: RBACAuthorizer) -> None:
    urls = {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/metrics/*", "/open*"]}
    rbac.apply("ClusterRole", "", "r", role(urls, rule("*", "*", "*")))
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("User", "alice")))
    assert path(rbac, ALICE, "get", "/healthz")
    assert path(rbac, ALICE, "get", "/metrics/cadvisor")
    assert path(rbac, ALICE, "get", "/openapi/v2")
    assert not path(rbac, ALICE, "post", "/healthz")
    assert not path(rbac, ALICE, "get", "/healthz/etcd")
    assert not path(rbac, ALICE, "get", "/metrics")
    rbac.apply("ClusterRole", "", "r", role({"verbs": ["*"], "nonResourceURLs": ["*"]}))
    assert path(rbac, ALICE, "post", "/anything")
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.NO_OPINION


def test_what_is_changed_or_deleted_counts_at_once(rbac: RBACAuthorizer) -> None:
    rbac.apply("ClusterRole", "", "r", role(rule("get", "pods")))
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("User", "alice")))
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.ALLOW
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("Group", "dev")))
    assert decide(rbac, ALICE, "get", "pods")[1].endswith('to Group "dev"')
    rbac.apply("ClusterRole", "", "r", {"rules": None})
    assert decide(rbac, ALICE, "get", "pods")[0] is Decision.NO_OPINION
    rbac.apply("ClusterRole", "", "r", role(rule("get", "pods")))
    rbac.apply("ClusterRoleBinding", "", "b", None)
    assert decide(rbac, ALICE, "get", "pods") == (Decision.NO_OPINION, "")
    rbac.apply("ClusterRoleBinding", "", "b", None)
    with pytest.raises(ValueError, match="not a kind of RBAC: Pod"):
        rbac.apply("Pod", "ns", "p", {})


def test_the_rules_of_a_user(rbac: RBACAuthorizer) -> None:
    urls = {"verbs": ["get"], "nonResourceURLs": ["/x"]}
    rbac.apply("ClusterRole", "", "r", role(rule("get", "pods", names="a"), urls))
    rbac.apply("Role", "ns", "r", role(rule("list", "pods")))
    rbac.apply("ClusterRoleBinding", "", "b", binding("ClusterRole", "r", subject("User", "alice")))
    rbac.apply("ClusterRoleBinding", "", "c", binding("ClusterRole", "gone", subject("User", "alice")))
    rbac.apply("RoleBinding", "ns", "b", binding("Role", "r", subject("User", "alice")))
    rules = rbac.rules_for(ALICE, "ns")
    assert rules.resource_rules == (
        ResourceRule(("get",), ("",), ("pods",), ("a",)), ResourceRule(("list",), ("",), ("pods",)),
    )
    assert rules.non_resource_rules == (NonResourceRule(("get",), ("/x",)),)
    assert rules.errors == ('clusterrole.rbac.authorization.k8s.io "gone" not found',)
    assert not rules.incomplete
    assert len(rbac.rules_for(ALICE, "").resource_rules) == 1


def test_only_so_many_answers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.authorization.rbac._CACHED_ANSWERS", 100)
    rbac = RBACAuthorizer()
    most = 0
    for i in range(1000):
        attributes = Attributes(User("u"), "get", api_group="", resource=f"r{i}", namespace=f"n{i % 7}")
        assert asyncio.run(rbac.authorize(attributes)) == (Decision.NO_OPINION, "")
        most = max(most, sum(len(g._resources) for by_name in rbac._grants.values() for g in by_name.values()))
    assert 50 < most <= 100
    long = "x" * 10_000
    for user, resource, namespace in ((User(long * 2), "r", ""), (User("v"), long, ""), (User("w"), "r", long)):
        asyncio.run(rbac.authorize(Attributes(user, "get", api_group="", resource=resource, namespace=namespace)))
    kept = [by_name for (name, _), by_name in rbac._grants.items() if name != "u"]
    assert [list(by_name) for by_name in kept] == [[""]]
    assert not kept[0][""]._resources
