"""The rules of pod disruption budgets (upstream: pkg/registry/policy/poddisruptionbudget/strategy.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, names
from pilothouse.registry.policy import validation
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


class DisruptionBudgetStrategy(Desired):
    """Upstream's validation does not look at the name: only what cannot stand in a path is refused."""

    validate_name = staticmethod(names.is_path_segment)
    allow_unconditional_update = False

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validation.validate_disruption_budget(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_disruption_budget(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validation.validate_disruption_budget_status(obj))
