from typing import Any

from pilothouse.controlplane.bootstrap.rbac import reconcile_binding, reconcile_role, wanted


def named(resource: str, name: str) -> dict[str, Any]:
    return next(o for o in wanted()[resource] if o["metadata"]["name"] == name)


def test_default_policy_is_marked() -> None:
    policy = wanted()
    assert {name: len(objects) for name, objects in policy.items()} == {
        "clusterroles": 70, "clusterrolebindings": 51, "roles": 7, "rolebindings": 7,
    }
    for objects in policy.values():
        for obj in objects:
            assert obj["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
            assert obj["metadata"]["annotations"] == {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def test_a_default_role_is_good_as_it_is() -> None:
    role = named("clusterroles", "system:node")
    assert reconcile_role(role, role) is None


def test_missing_rules_come_back_and_added_ones_stay() -> None:
    default = named("clusterroles", "system:discovery")
    own = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    changed = reconcile_role({**default, "rules": [own]}, default)
    assert changed is not None
    assert changed["rules"][0] == own
    assert len(changed["rules"]) > 1


def test_a_protected_role_is_left_alone() -> None:
    default = named("clusterroles", "system:discovery")
    metadata = default["metadata"] | {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}
    assert reconcile_role({**default, "metadata": metadata, "rules": []}, default) is None


def test_missing_subjects_and_labels_come_back() -> None:
    default = named("clusterrolebindings", "system:discovery")
    changed = reconcile_binding({**default, "subjects": [], "metadata": {"name": "system:discovery"}}, default)
    assert changed is not None
    assert changed["subjects"] == default["subjects"]
    assert changed["metadata"]["labels"] == default["metadata"]["labels"]


def test_gates_bring_roles_and_rules() -> None:
    policy = wanted(lambda gate: True)
    assert {name: len(objects) for name, objects in policy.items()} == {
        "clusterroles": 75, "clusterrolebindings": 56, "roles": 7, "rolebindings": 7,
    }
    node = next(role for role in policy["clusterroles"] if role["metadata"]["name"] == "system:node")
    assert [rule["resources"] for rule in node["rules"][-2:]] == [["clustertrustbundles"], ["podcertificaterequests"]]
    assert node["rules"][-1]["verbs"] == ["create", "get", "list", "watch"]
    viewer = next(role for role in policy["clusterroles"] if role["metadata"]["name"] == "system:aggregate-to-view")
    assert viewer["rules"][-1]["resources"] == ["podgroups", "podgroups/status", "workloads"]
