"""The rules of storage migrations (upstream: pkg/registry/storagemigration/storagemigration/strategy.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.rest import Object
from pilothouse.registry.storagemigration.validation import (
    validate_migration,
    validate_migration_status,
    validate_migration_update,
)
from pilothouse.registry.strategies import StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class MigrationStrategy(StatusOnly):
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_migration(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_migration_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_migration_status(obj, old))
