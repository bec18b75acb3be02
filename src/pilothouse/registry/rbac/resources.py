"""Kinds of rbac.authorization.k8s.io (upstream: pkg/registry/rbac)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version
from pilothouse.registry.rbac.defaults import default_binding
from pilothouse.registry.rbac.printers import PRINTERS
from pilothouse.registry.strategies import PathNamed

_v1 = Kinds("rbac.authorization.k8s.io", "v1", "rbac", PRINTERS)

_V1 = (
    _v1(
        "ClusterRoleBinding",
        "clusterrolebindings",
        namespaced=False,
        strategy=PathNamed(),
        default=default_binding,
    ),
    _v1("ClusterRole", "clusterroles", namespaced=False, strategy=PathNamed()),
    _v1("RoleBinding", "rolebindings", strategy=PathNamed(), default=default_binding),
    _v1("Role", "roles", strategy=PathNamed()),
)


def build(dependencies: Dependencies) -> Group:
    return Group("rbac.authorization.k8s.io", 17000, (Version("v1", 15, _V1),))
