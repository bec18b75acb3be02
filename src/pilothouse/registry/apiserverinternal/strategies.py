"""The rules of storage versions (upstream: pkg/registry/apiserverinternal/storageversion/strategy.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.apiserverinternal.validation import validate_storage_version, validate_storage_version_name
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class StorageVersionStrategy(StatusOnly):
    allow_unconditional_update = False
    metadata_checks = ()

    @staticmethod
    def validate_name(name: str, prefix: bool) -> Sequence[str]:
        return validate_storage_version_name(name)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_storage_version(obj))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_storage_version(obj))
