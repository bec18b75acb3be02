from typing import Any

import pytest

from pilothouse.registry.scheduling.validation import validate_priority_class, validate_priority_class_update
from tests.registry.checks import begins

RESERVED = (
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
)


@pytest.mark.parametrize(("name", "fields", "expected"), [
    ("a", {"value": 1_000_000_000, "preemptionPolicy": "Never"}, []),
    ("a", {"value": 1_000_000_001}, ["value: Forbidden: maximum allowed value of a user defined priority is"]),
    ("a", {"preemptionPolicy": ""}, ["preemptionPolicy: Required value"]),
    ("a", {"preemptionPolicy": "Odd"}, ['preemptionPolicy: Unsupported value: "Odd"']),
    ("system-x", {"value": 1}, [f"{RESERVED}system-x is not a known system priority class"]),
    ("system-node-critical", {"value": 2000001000}, []),
    ("system-node-critical", {"value": 1}, [f"{RESERVED}value of system-node-critical PriorityClass must be"]),
    ("system-cluster-critical", {"value": 2000000000, "globalDefault": True}, [f"{RESERVED}globalDefault of"]),
])
def test_priority_classes(name: str, fields: dict[str, Any], expected: list[str]) -> None:
    begins(validate_priority_class({"metadata": {"name": name}, **fields}), expected)


def test_nothing_changes() -> None:
    begins(validate_priority_class_update({"value": 1, "preemptionPolicy": "Never"}, {"value": 2}), [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ])
