"""The rules of pod disruption budgets (upstream: pkg/registry/policy/poddisruptionbudget/strategy.go)."""

from pilothouse.apimachinery import names
from pilothouse.registry.strategies import Desired


class DisruptionBudgetStrategy(Desired):
    """Upstream's validation does not look at the name: only what cannot stand in a path is refused."""

    validate_name = staticmethod(names.is_path_segment)
    allow_unconditional_update = False
