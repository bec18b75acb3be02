from typing import Any

import pytest

from pilothouse.registry.storagemigration.validation import (
    validate_migration,
    validate_migration_status,
    validate_migration_update,
)
from tests.registry.checks import begins, edited

MIGRATION = {"spec": {"resource": {"group": "apps", "resource": "deployments"}}}


def condition(kind: str, status: str = "True") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "R", "lastTransitionTime": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.resource.group", "", []),
    ("spec.resource.resource", "", ["spec.resource.resource: Required value: resource is required to be set"]),
    ("spec.resource.resource", "A", ['spec.resource.resource: Invalid value: "A": a DNS-1035 label']),
    ("spec.resource.group", "a_b", ['spec.resource.group: Invalid value: "a_b": a lowercase RFC 1123 subdomain']),
])
def test_migrations(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_migration(edited(MIGRATION, path, value)), expected)


def test_the_spec_stays() -> None:
    changed = edited(MIGRATION, "spec.resource.resource", "pods")
    assert [e.field for e in validate_migration_update(changed, MIGRATION)] == ["spec"]


def test_outcomes_are_final() -> None:
    done = {**MIGRATION, "status": {"resourceVersion": "7", "conditions": [condition("Succeeded")]}}
    assert not list(validate_migration_status(done, MIGRATION))
    undone = {**MIGRATION, "status": {"resourceVersion": "8", "conditions": [condition("Succeeded", "False")]}}
    begins(validate_migration_status(undone, done), [
        'status.resourceVersion: Invalid value: "8": field is immutable', "status.conditions: Invalid value: ",
    ])
    both = {**MIGRATION, "status": {"resourceVersion": "0x1", "conditions": [
        condition("Succeeded"), condition("Failed"),
    ]}}
    begins(validate_migration_status(both, MIGRATION), [
        'status.resourceVersion: Invalid value: "0x1": resource version is not well formed: 0x1',
        "status.conditions: Invalid value: ",
    ])
