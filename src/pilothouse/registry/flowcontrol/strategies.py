"""The rules of flow schemas and priority levels (upstream: pkg/registry/flowcontrol)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.flowcontrol import level_validation, schema_validation
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class FlowControlStrategy(Desired):
    """/status writes nothing of the metadata, names included."""

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        managed = obj["metadata"].get("managedFields")
        obj["metadata"] = dict(old["metadata"])
        if managed is not None:
            obj["metadata"]["managedFields"] = managed

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(level_validation.validate_conditions(obj))


class FlowSchemaStrategy(FlowControlStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(schema_validation.validate_flow_schema(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(schema_validation.validate_flow_schema(obj))


class PriorityLevelStrategy(FlowControlStrategy):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(level_validation.validate_priority_level(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(level_validation.validate_priority_level(obj))
