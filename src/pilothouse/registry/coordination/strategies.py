"""The rules of leases and of those who stand for them (upstream: pkg/registry/coordination/*/strategy.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.apimachinery.validation import is_config_map_key
from pilothouse.registry.coordination.validation import validate_candidate, validate_candidate_update, validate_lease
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_COORDINATED = ("strategy", "preferredHolder")


class LeaseStrategy(Strategy):
    """Fields of coordinated leader election, which is off by default, are dropped unless they were there."""

    allow_create_on_update = True
    allow_unconditional_update = False

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        self.prepare_for_update(ctx, obj, {})

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        for name in _COORDINATED:
            if before.get(name) is None:
                spec.pop(name, None)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_lease(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_lease(obj))


class LeaseCandidateStrategy(Strategy):
    allow_create_on_update = True
    allow_unconditional_update = False

    @staticmethod
    def validate_name(name: str, prefix: bool) -> Sequence[str]:
        return is_config_map_key(name)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_candidate(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_candidate_update(obj, old))
