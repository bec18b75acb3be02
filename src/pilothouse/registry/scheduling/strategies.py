"""The rules of priority classes (upstream: pkg/registry/scheduling/priorityclass)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.scheduling import validation

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class PriorityClassStrategy(Strategy):
    """The generation is one and stays so: what could change it is immutable."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["metadata"]["generation"] = 1

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_priority_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_priority_class_update(obj, old))
