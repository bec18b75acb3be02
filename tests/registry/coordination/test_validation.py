from typing import Any

import pytest

from pilothouse.registry.coordination.validation import (
    validate_candidate,
    validate_candidate_update,
    validate_lease,
)
from tests.registry.checks import begins, edited


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


CANDIDATE = {
    "spec": {
        "leaseName": "l", "binaryVersion": "1.36.2", "emulationVersion": "1.35.0",
        "strategy": "OldestEmulationVersion",
    }
}


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.leaseName", "", ["spec.leaseName: Required value"]),
    ("spec.binaryVersion", "", ["spec.binaryVersion: Required value"]),
    ("spec.binaryVersion", "1.36", [
        'spec.binaryVersion: Invalid value: "1.36": must be a valid semantic version',
        'spec.binaryVersion: Invalid value: "1.36": must be greater than or equal to `emulationVersion`',
    ]),
    ("spec.emulationVersion", "1.36.3", ['spec.binaryVersion: Invalid value: "1.36.2": must be greater than']),
    ("spec.emulationVersion", "", ["spec.emulationVersion: Required value: must be specified when `strategy` is"]),
    ("spec.strategy", "", ["spec.strategy: Required value"]),
])
def test_candidates(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_candidate(edited(CANDIDATE, path, value)), expected)


def test_candidates_stay_with_their_lease() -> None:
    begins(validate_candidate_update(edited(CANDIDATE, "spec.leaseName", "m"), CANDIDATE), [
        'spec.leaseName: Invalid value: "m": field is immutable',
    ])
