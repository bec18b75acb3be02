"""The rules of horizontal pod autoscalers (upstream: pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.autoscaling import validation
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import WithStatus

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class AutoscalerStrategy(WithStatus):
    """Of the v2 objects that are stored, whichever version a client writes."""

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_autoscaler(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_autoscaler(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_autoscaler_status(obj))
