from pilothouse.registry.conditions import is_condition_reason, validate_conditions
from tests.registry.checks import begins

GOOD = {"type": "A", "status": "True", "reason": "R", "lastTransitionTime": "2020-01-01T00:00:00Z", "message": ""}


def test_conditions() -> None:
    begins(validate_conditions({"conditions": [GOOD]}), [])
    begins(validate_conditions({"conditions": [GOOD, GOOD]}), ['conditions[1].type: Duplicate value: "A"'])
    long = {**GOOD, "message": "x" * 40000, "observedGeneration": -1, "reason": "a b"}
    begins(validate_conditions({"conditions": [long]}), [
        "conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero",
        'conditions[0].reason: Invalid value: "a b": a condition reason must start with alphabetic character',
        "conditions[0].message: Too long: may not be more than 32768 bytes",
    ])


def test_reasons() -> None:
    assert is_condition_reason("My_Reason:1") == []
    assert len(is_condition_reason("1")) == 1
