"""Defaults of scheduling.k8s.io/v1 (upstream: pkg/apis/scheduling/v1/defaults.go)."""

from typing import Any


def default_priority_class(priority_class: dict[str, Any]) -> None:
    priority_class.setdefault("preemptionPolicy", "PreemptLowerPriority")
