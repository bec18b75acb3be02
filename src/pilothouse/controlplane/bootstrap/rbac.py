"""The default roles and bindings (upstream: pkg/registry/rbac/rest and reconciliation).

What is missing is added at every start; what somebody added stays. An object whose
rbac.authorization.kubernetes.io/autoupdate annotation is "false" is left alone.
"""

from __future__ import annotations

from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionResource
from pilothouse.authorization.escalation import missing_rules
from pilothouse.controlplane.bootstrap.ensure import ensure
from pilothouse.controlplane.bootstrap.policy import Enabled, default_policy, no_gate
from pilothouse.controlplane.bootstrap.tables import Object
from pilothouse.server.loopback import LoopbackClient

_AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_GROUP, _VERSION = "rbac.authorization.k8s.io", "v1"


def wanted(enabled: Enabled = no_gate) -> dict[str, list[Object]]:
    """The default policy by resource name, with the label and annotation that mark it."""
    policy = default_policy(enabled)
    for objects in policy.values():
        for obj in objects:
            metadata = obj["metadata"]
            metadata["labels"] = _LABELS | metadata.get("labels", {})
            metadata["annotations"] = {_AUTOUPDATE: "true"}
    return policy


async def bootstrap_policy(client: LoopbackClient, enabled: Enabled) -> None:
    for name, objects in wanted(enabled).items():
        reconcile = reconcile_role if name.endswith("roles") else reconcile_binding
        await ensure(client, GroupVersionResource(_GROUP, _VERSION, name), objects, reconcile)


def reconcile_role(stored: Object, default: Object) -> Object | None:
    """Adds missing rules, aggregation selectors, labels and annotations."""
    if _protected(stored):
        return None
    changed = dict(stored)
    if missing := missing_rules(stored.get("rules") or [], default.get("rules") or []):
        changed["rules"] = [*(stored.get("rules") or []), *missing]
    if rule := default.get("aggregationRule"):
        selectors = (stored.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
        more = [s for s in rule["clusterRoleSelectors"] if s not in selectors]
        if more:
            changed["aggregationRule"] = {"clusterRoleSelectors": [*selectors, *more]}
    return _with_metadata(stored, changed, default)


def reconcile_binding(stored: Object, default: Object) -> Object | None:
    """Adds missing subjects, labels and annotations. A binding to another role is somebody's own decision."""
    if _protected(stored) or stored["roleRef"] != default["roleRef"]:
        return None
    changed = dict(stored)
    subjects = stored.get("subjects") or []
    if missing := [s for s in default.get("subjects") or [] if s not in subjects]:
        changed["subjects"] = [*subjects, *missing]
    return _with_metadata(stored, changed, default)


def _protected(stored: Object) -> bool:
    return (stored["metadata"].get("annotations") or {}).get(_AUTOUPDATE) == "false"


def _with_metadata(stored: Object, changed: Object, default: Object) -> Object | None:
    metadata: dict[str, Any] = dict(stored["metadata"])
    for field in ("labels", "annotations"):
        metadata[field] = default["metadata"][field] | (metadata.get(field) or {})
    changed["metadata"] = metadata
    return None if changed == stored else changed
