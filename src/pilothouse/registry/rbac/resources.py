"""Kinds of rbac.authorization.k8s.io (upstream: pkg/registry/rbac)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version

_v1 = Kinds("rbac.authorization.k8s.io", "v1", "rbac")

_V1 = (
    _v1("ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _v1("ClusterRole", "clusterroles", namespaced=False),
    _v1("RoleBinding", "rolebindings"),
    _v1("Role", "roles"),
)


def build(dependencies: Dependencies) -> Group:
    return Group("rbac.authorization.k8s.io", 17000, (Version("v1", 15, _V1),))
