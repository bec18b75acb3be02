"""The rules of nodes (upstream: pkg/registry/core/node/strategy.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.node_validation import node_warnings, validate_node, validate_node_update
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


def selectable(node: Mapping[str, Any]) -> dict[str, str]:
    return {"spec.unschedulable": "true" if (node.get("spec") or {}).get("unschedulable") else "false"}


class NodeStrategy(Strategy):
    """Kubelets create nodes with their status: unlike elsewhere, it is kept."""

    status_fields = ("status",)
    creates_with_status = True

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        (obj.get("spec") or {}).pop("configSource", None)
        (obj.get("status") or {}).pop("config", None)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        if "configSource" not in (old.get("spec") or {}):
            (obj.get("spec") or {}).pop("configSource", None)

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        if "config" not in (old.get("status") or {}):
            (obj.get("status") or {}).pop("config", None)

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_node(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return [*validate_node(obj), *validate_node_update(obj, old)]

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_node_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return node_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return node_warnings(obj)
