"""The rules of limit ranges and resource quotas (upstream: pkg/registry/core/limitrange, resourcequota)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery.meta import new_uid
from pilothouse.registry.core.limit_validation import validate_limit_range
from pilothouse.registry.core.quota_validation import (
    validate_quota,
    validate_quota_status,
    validate_quota_update,
)
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import CreatableByUpdate, WithStatus

if TYPE_CHECKING:
    from pilothouse.apimachinery.field import Error
    from pilothouse.apimachinery.http import Context


class LimitRangeStrategy(CreatableByUpdate):
    """A limit range without a name gets one."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        if not obj["metadata"].get("name"):
            obj["metadata"]["name"] = new_uid()

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_limit_range(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_limit_range(obj))


class ResourceQuotaStrategy(WithStatus):
    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_quota(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_quota_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_quota_status(obj))
