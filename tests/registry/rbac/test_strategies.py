import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.authorization.rbac import RBACAuthorizer
from pilothouse.registry.rbac.defaults import GROUP
from tests.registry.cluster import USER, Cluster, Object, run

RULES = [{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]
MORE = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def granted() -> RBACAuthorizer:
    """Ann holds RULES in "ns" and may bind to the role "bindable"."""
    rbac = RBACAuthorizer()
    bind = {"verbs": ["bind"], "apiGroups": [GROUP], "resources": ["roles"], "resourceNames": ["bindable"]}
    rbac.apply("Role", "ns", "own", {"rules": [*RULES, bind]})
    rbac.apply("Role", "ns", "bindable", {"rules": MORE})
    rbac.apply("Role", "ns", "big", {"rules": MORE})
    subjects = [{"kind": "User", "apiGroup": GROUP, "name": USER.name}]
    rbac.apply("RoleBinding", "ns", "own", {"roleRef": {"kind": "Role", "name": "own"}, "subjects": subjects})
    return rbac


def role(name: str, rules: list[Object]) -> Object:
    return {"metadata": {"name": name}, "rules": rules}


def binding(name: str, to: str) -> Object:
    return {"metadata": {"name": name}, "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": to}}


@pytest.mark.parametrize(("resource", "obj", "message"), [
    ("roles", role("r", RULES), ""),
    ("roles", role("r", MORE), 'roles.rbac.authorization.k8s.io "r" is forbidden: user "ann" (groups=["dev" '
                               '"system:authenticated"]) is attempting to grant RBAC permissions not currently held:'),
    ("rolebindings", binding("b", "own"), ""),
    ("rolebindings", binding("b", "bindable"), ""),
    ("rolebindings", binding("b", "big"), 'rolebindings.rbac.authorization.k8s.io "b" is forbidden: user "ann"'),
    ("rolebindings", binding("b", "nosuch"), 'rolebindings.rbac.authorization.k8s.io "nosuch" not found'),
])
def test_nobody_grants_what_he_does_not_hold(resource: str, obj: Object, message: str) -> None:
    async def test(ours: Cluster) -> None:
        if not message:
            await ours.create(resource, obj, group=GROUP)
            return
        with pytest.raises(StatusError) as e:
            await ours.create(resource, obj, group=GROUP)
        assert e.value.message.startswith(message)

    rbac = granted()
    run(test, rbac=rbac, authorizer=rbac)


def test_an_update_that_collects_garbage_grants_nothing() -> None:
    async def test(ours: Cluster) -> None:
        strategy = ours.resources[GROUP, "roles"].strategy
        stored = {"metadata": {"name": "big", "finalizers": ["a/b"]}, "rules": MORE}
        await ours.create("roles", role("r", RULES), group=GROUP)
        await strategy.permit(ours.ctx, "ns", {**stored, "metadata": {"name": "big"}}, stored)
        with pytest.raises(StatusError):
            await strategy.permit(ours.ctx, "ns", {**stored, "metadata": {"name": "big", "labels": {"a": "b"}}}, stored)

    rbac = granted()
    run(test, rbac=rbac, authorizer=rbac)


def test_aggregation_needs_everything() -> None:
    async def test(ours: Cluster) -> None:
        rule = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
        with pytest.raises(StatusError) as e:
            await ours.create("clusterroles", {"metadata": {"name": "c"}, "aggregationRule": rule}, group=GROUP)
        assert e.value.message.endswith("must have cluster-admin privileges to use the aggregationRule")

    rbac = granted()
    run(test, rbac=rbac, authorizer=rbac)
