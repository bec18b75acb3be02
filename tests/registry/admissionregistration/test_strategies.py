from typing import Any

import pytest

from pilothouse.apimachinery.http import Context
from pilothouse.registry.admissionregistration.strategies import MutatingPolicyStrategy, ValidatingPolicyStrategy
from pilothouse.registry.rest import Heavier


@pytest.mark.parametrize("kind", [ValidatingPolicyStrategy, MutatingPolicyStrategy])
def test_policies_of_many_expressions_are_compiled_aside(kind: Any) -> None:
    strategy, ctx = kind(None), Context()
    variables = [{"name": f"v{i}", "expression": "1"} for i in range(200)]
    policy = {"metadata": {"name": "p"}, "spec": {"variables": variables}}
    with pytest.raises(Heavier):
        strategy.validate(ctx, policy)
    with pytest.raises(Heavier):
        strategy.validate_update(ctx, policy, policy)
    assert strategy.validate(ctx, {"metadata": {"name": "p"}, "spec": {}})
    ctx.heavy = True
    assert strategy.validate(ctx, policy)
