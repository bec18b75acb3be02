"""The rules of replication controllers (upstream: pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired, label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


def replicas(controller: Mapping[str, Any]) -> dict[str, str]:
    """The selectable field of ReplicationControllers and ReplicaSets."""
    return {"status.replicas": str((controller.get("status") or {}).get("replicas") or 0)}


class ReplicationControllerStrategy(Desired):
    default_garbage_collection_policy = "orphan"

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")
