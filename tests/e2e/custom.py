"""A definition as operators bring them along."""

from __future__ import annotations

import json
from typing import Any


def crontabs(group: str) -> str:
    """The definition of CronTabs in `group`, as JSON."""
    spec: dict[str, Any] = {
        "type": "object", "required": ["schedule"], "description": "What is to be run, and when.",
        "properties": {
            "schedule": {"type": "string", "pattern": r"^\S+( \S+){4}$", "description": "In cron's notation."},
            "replicas": {"type": "integer", "minimum": 0, "default": 1},
            "image": {"type": "string", "default": "busybox"},
            "ports": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "port": {"x-kubernetes-int-or-string": True}}},
            },
        },
    }
    condition = {"type": "object", "properties": {
        name: {"type": "string"} for name in ("type", "status", "reason", "message", "lastTransitionTime")}}
    status: dict[str, Any] = {
        "type": "object", "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"replicas": {"type": "integer"}, "labelSelector": {"type": "string"},
                       "conditions": {"type": "array", "items": condition}},
    }
    return json.dumps({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"crontabs.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"],
                      "categories": ["all"]},
            "versions": [{
                "name": "v1", "served": True, "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
                "subresources": {"status": {}, "scale": {
                    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                    "labelSelectorPath": ".status.labelSelector"}},
                "additionalPrinterColumns": [
                    {"name": "Schedule", "type": "string", "jsonPath": ".spec.schedule"},
                    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
                "selectableFields": [{"jsonPath": ".spec.image"}],
            }],
        },
    })


def crontab(group: str, name: str = "backup", **spec: Any) -> str:
    return json.dumps({
        "apiVersion": f"{group}/v1", "kind": "CronTab", "metadata": {"name": name},
        "spec": {"schedule": "* * * * *", **spec},
    })
