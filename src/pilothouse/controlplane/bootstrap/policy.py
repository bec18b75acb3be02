"""The default policy as the feature gates make it (upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy)."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.controlplane.bootstrap.tables import Object, gated_tables, table

Enabled = Callable[[str], bool]


def no_gate(gate: str) -> bool:
    """What is off by default stays off."""
    return False


def default_policy(enabled: Enabled = no_gate) -> dict[str, list[Object]]:
    """By resource name. `enabled` tells whether a gate is: gates bring objects of their own, and rules for others."""
    policy = table("policy.json")
    for gate, tables in gated_tables("policy_gates.json").items():
        if enabled(gate):
            for name, objects in tables.items():
                _add(policy[name], objects)
    return policy


def _add(to: list[Object], objects: list[Object]) -> None:
    known = {obj["metadata"]["name"]: obj for obj in to}
    for obj in objects:
        found = known.get(obj["metadata"]["name"])
        if found is None:
            to.append(obj)
        else:
            found["rules"] = [*found["rules"], *obj["rules"]]
