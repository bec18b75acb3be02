"""The rules of runtime classes (upstream: pkg/registry/node/runtimeclass/strategy.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.node import validation
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class RuntimeClassStrategy(Strategy):
    allow_create_on_update = True
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_runtime_class(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_runtime_class_update(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return validation.runtime_class_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return validation.runtime_class_warnings(obj)
