"""Conditions in an object's status (upstream: pkg/api/pod UpdatePodCondition)."""

from typing import Any

Object = dict[str, Any]


def update_pod_condition(status: Object, condition: Object, now: str) -> None:
    """Sets the condition of `condition`'s type; `now` is its transition time if its status changes."""
    conditions = status.setdefault("conditions", [])
    new = {
        "type": condition["type"], "status": condition["status"], "lastProbeTime": None, "lastTransitionTime": now,
        **{name: condition[name] for name in ("reason", "message") if condition.get(name)},
    }
    for i, old in enumerate(conditions):
        if old.get("type") == new["type"]:
            if old.get("status") == new["status"]:
                new["lastTransitionTime"] = old.get("lastTransitionTime")
            conditions[i] = new
            return
    conditions.append(new)
