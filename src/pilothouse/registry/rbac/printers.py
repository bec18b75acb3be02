"""Table cells of the rbac.authorization.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import Obj, TablePrinter, age, name


def _binding(obj: Obj, now: float) -> list[Any]:
    role = obj.get("roleRef", {})
    users, groups, accounts = [], [], []
    for subject in obj.get("subjects") or ():
        match subject.get("kind"):
            case "User":
                users.append(subject.get("name", ""))
            case "Group":
                groups.append(subject.get("name", ""))
            case "ServiceAccount":
                accounts.append(f"{subject.get('namespace', '')}/{subject.get('name', '')}")
    return [
        name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now),
        ", ".join(users), ", ".join(groups), ", ".join(accounts),
    ]


PRINTERS = {
    resource: TablePrinter(__package__, resource, _binding) for resource in ("clusterrolebindings", "rolebindings")
}
