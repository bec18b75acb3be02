"""Kinds of rbac.authorization.k8s.io (upstream: pkg/registry/rbac)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import Group, Kinds, Version
from pilothouse.registry.rbac import strategies
from pilothouse.registry.rbac.defaults import GROUP, default_binding
from pilothouse.registry.rbac.printers import PRINTERS

_v1 = Kinds(GROUP, "v1", "rbac", PRINTERS)


def build(dependencies: Dependencies) -> Group:
    authorizer, rbac = dependencies.authorizer, dependencies.rbac
    resources = (
        _v1(
            "ClusterRoleBinding",
            "clusterrolebindings",
            namespaced=False,
            strategy=strategies.ClusterRoleBindingStrategy("clusterrolebindings", authorizer, rbac),
            default=default_binding,
        ),
        _v1(
            "ClusterRole",
            "clusterroles",
            namespaced=False,
            strategy=strategies.ClusterRoleStrategy("clusterroles", authorizer, rbac),
        ),
        _v1(
            "RoleBinding",
            "rolebindings",
            strategy=strategies.RoleBindingStrategy("rolebindings", authorizer, rbac),
            default=default_binding,
        ),
        _v1("Role", "roles", strategy=strategies.RoleStrategy("roles", authorizer, rbac)),
    )
    return Group(GROUP, 17000, (Version("v1", 15, resources),))
