"""What the job controller reports."""

from typing import Any

import pytest

from pilothouse.registry.batch.status_validation import validate_job_status_update
from tests.registry.core.checks import Object, texts

_START, _END = "2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z"
_INDEXED: Object = {"completionMode": "Indexed", "completions": 5, "parallelism": 1}


def status(*conditions: str, **fields: Any) -> Object:
    return {"conditions": [{"type": name, "status": "True"} for name in conditions], **fields}


def check(new: Object, old: Object | None = None, **spec: Any) -> list[str]:
    return texts(validate_job_status_update({"spec": spec, "status": new}, {"spec": spec, "status": old or {}}))


@pytest.mark.parametrize(
    ("new", "old", "wanted"),
    [
        (status("SuccessCriteriaMet", "Complete", startTime=_START, completionTime=_END), {}, []),
        (status("FailureTarget", "Failed", startTime=_START), {}, []),
        ({"active": -1}, {}, ["status.active: Invalid value: -1: must be greater than or equal to 0"]),
        (status("Complete", startTime=_START), {}, [
            "status.completionTime: Required value: completionTime is required for Complete jobs",
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true "
            "condition",
        ]),
        ({"startTime": _END, "completionTime": _START}, {}, [
            f'status.completionTime: Invalid value: "{_START}": cannot set completionTime when there is no '
            "Complete=True condition",
            f'status.completionTime: Invalid value: "{_START}": must be equal to or after `startTime`',
        ]),
        (status("FailureTarget", "Failed", active=1), {}, [
            "status.active: Invalid value: 1: active>0 is invalid for finished job",
            "status.startTime: Required value: startTime is required for finished job",
        ]),
        ({"failed": 1, "succeeded": 1}, {"failed": 2, "succeeded": 2}, [
            "status.failed: Invalid value: 1: cannot decrease the failed counter",
            "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
        ]),
        ({}, status("Failed"), ["status.conditions: Invalid value: cannot disable the terminal Failed=True condition"]),
        ({"startTime": _END}, {"startTime": _START}, [
            f'status.startTime: Invalid value: "{_END}": field is immutable for unsuspended job once set'
        ]),
        ({"ready": 2, "active": 1}, {}, ["status.ready: Invalid value: 2: cannot set more ready pods than active"]),
        ({"completedIndexes": "0"}, {}, [
            'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed '
            "completion mode"
        ]),
        ({"uncountedTerminatedPods": {"succeeded": ["a", ""], "failed": ["a"]}}, {}, [
            'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
            'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
        ]),
        (status("SuccessCriteriaMet", "FailureTarget"), {}, [
            "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"
        ]),
    ],
)
def test_statuses(new: Object, old: Object, wanted: list[str]) -> None:
    assert check(new, old) == wanted


def test_indexes() -> None:
    spec: Object = {**_INDEXED, "backoffLimitPerIndex": 1}
    assert check({"completedIndexes": "0,1", "failedIndexes": "2"}, **spec) == []
    assert check({"completedIndexes": "0-2", "failedIndexes": "2,9"}, **spec) == [
        'status.failedIndexes: Invalid value: "2,9": error parsing failedIndexes: too large index: "9"',
        'status.failedIndexes: Invalid value: "2,9": failedIndexes and completedIndexes overlap at index: 2',
    ]


def test_what_is_wrong_already_can_stay_so() -> None:
    wrong = status("Complete", active=1, completedIndexes="x")
    assert check(wrong, wrong) == []
