"""The rules of replication controllers and pod templates (upstream: pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import names
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.template_validation import (
    validate_pod_template,
    validate_replication_controller,
    validate_replication_controller_status,
)
from pilothouse.registry.core.templated import Templated
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired, WithGeneration

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context



def replicas(controller: Mapping[str, Any]) -> dict[str, str]:
    """The selectable field of ReplicationControllers and ReplicaSets."""
    return {"status.replicas": str((controller.get("status") or {}).get("replicas") or 0)}


class PodTemplateStrategy(Templated, WithGeneration):
    template_path = ("template",)
    name_used_in = ""

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_pod_template(obj, self._rules))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return self.tolerating(partial(validate_pod_template, obj), old)


class ReplicationControllerStrategy(Templated, Desired):
    default_garbage_collection_policy = "orphan"
    validate_name = staticmethod(names.is_long_name)

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_replication_controller(obj, self._rules))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return self.tolerating(partial(validate_replication_controller, obj), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_replication_controller_status(obj))

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        # upstream looks at the old template: kept
        same = obj["metadata"].get("generation") == old["metadata"].get("generation")
        return [] if same else self.template_warnings(old)
