"""The rules of pod disruption budgets (upstream: pkg/registry/policy/poddisruptionbudget/strategy.go)."""

from pilothouse.registry.strategies import Desired


class DisruptionBudgetStrategy(Desired):
    allow_unconditional_update = False
