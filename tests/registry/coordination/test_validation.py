from pilothouse.registry.coordination.validation import validate_lease
from tests.registry.checks import begins


def test_leases() -> None:
    begins(validate_lease({"spec": {"leaseDurationSeconds": 1, "leaseTransitions": 0}}), [])
    begins(validate_lease({"spec": {
        "leaseDurationSeconds": 0, "leaseTransitions": -1, "preferredHolder": "a",
    }}), [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
    ])
    begins(validate_lease({"spec": {"strategy": "Odd"}}), ['spec.strategy.strategy: Unsupported value: "Odd"'])
    begins(validate_lease({"spec": {"strategy": "a.b/c d"}}), ['spec.strategy.strategy: Invalid value: "a.b/c d"'])
