"""Defaults of rbac.authorization.k8s.io/v1 (upstream: pkg/apis/rbac/v1/defaults.go)."""

from typing import Any

GROUP = "rbac.authorization.k8s.io"


def default_binding(binding: dict[str, Any]) -> None:
    """RoleBindings and ClusterRoleBindings."""
    role = binding.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        role["apiGroup"] = GROUP
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP
