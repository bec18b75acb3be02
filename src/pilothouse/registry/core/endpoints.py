"""The rules of endpoints (upstream: pkg/registry/core/endpoint)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.registry.core.endpoint_validation import endpoint_warnings, validate_endpoints
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import CreatableByUpdate

if TYPE_CHECKING:
    from pilothouse.apimachinery.field import Error
    from pilothouse.apimachinery.http import Context


class EndpointsStrategy(CreatableByUpdate):
    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_endpoints(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_endpoints(obj, old))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return endpoint_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return endpoint_warnings(obj)
