"""Jobs and cron jobs."""

import copy
from typing import Any

import pytest

from pilothouse.registry.batch import validation
from tests.registry.core.checks import TEMPLATE_RULES, Object, template, texts

_LABELS = {
    "controller-uid": "u", "job-name": "j", "batch.kubernetes.io/controller-uid": "u",
    "batch.kubernetes.io/job-name": "j",
}
_INDEXED: Object = {"completionMode": "Indexed", "completions": 5, "parallelism": 5}


def job(labels: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "j", "uid": "u"},
        "spec": {
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}, "completions": 1,
            "parallelism": 1, "template": template(_LABELS if labels is None else labels, restartPolicy="Never"),
            **spec,
        },
    }


def created(obj: Object) -> list[str]:
    return texts(validation.validate_job(obj, TEMPLATE_RULES))


def updated(obj: Object, old: Object) -> list[str]:
    return texts(validation.validate_job_update(obj, old, TEMPLATE_RULES))


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        (_INDEXED, []),
        ({"parallelism": -1}, ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]),
        ({"completionMode": "X"},
         ['spec.completionMode: Unsupported value: "X": supported values: "NonIndexed", "Indexed"']),
        ({"completionMode": "Indexed", "completions": None},
         ["spec.completions: Required value: when completion mode is Indexed"]),
        ({"backoffLimitPerIndex": 1},
         ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        ({**_INDEXED, "maxFailedIndexes": 6}, [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions",
        ]),
        ({"managedBy": "x"}, [
            'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")'
        ]),
        ({"podReplacementPolicy": "X"}, [
            'spec.podReplacementPolicy: Unsupported value: "X": supported values: "Failed", "TerminatingOrFailed"'
        ]),
        ({"successPolicy": {"rules": [{"succeededCount": 1}]}}, [
            'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires '
            "indexed completion mode"
        ]),
        ({**_INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "0-9"}, {}]}}, [
            'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-9": error parsing succeededIndexes: too '
            'large index: "9"',
            "spec.successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes must be "
            "specified",
        ]),
        ({"podFailurePolicy": {"rules": [{"action": "X", "onExitCodes": {"operator": "In", "values": [2, 0, 2]}}]}}, [
            'spec.podFailurePolicy.rules[0].action: Unsupported value: "X": supported values: "Count", "FailIndex", '
            '"FailJob", "Ignore"',
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
        ]),
        ({"podFailurePolicy": {"rules": [{}]}}, [
            'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" '
            '"Ignore"]',
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is "
            "required",
        ]),
        ({"template": template(_LABELS)}, [
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
        ]),
        ({"selector": None}, [
            "spec.selector: Required value",
            'spec.template.metadata.labels: Invalid value: {"controller-uid":"u","job-name":"j",'
            '"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"j"}: `selector` does not match '
            "template `labels`",
        ]),
    ],
)
def test_jobs(spec: Object, wanted: list[str]) -> None:
    assert created(job(**spec)) == wanted


def test_labels_name_the_job() -> None:
    assert created(job({**_LABELS, "job-name": "x", "controller-uid": "u"}))[0].endswith("must be 'j'")
    del (labels := dict(_LABELS))["job-name"]
    assert created(job(labels)) == ["spec.template.metadata.labels[job-name]: Required value: must be 'j'"]
    assert created(job({"a": "b"}, manualSelector=True, selector={"matchLabels": {"a": "b"}})) == []


def test_names_of_pods_are_host_names() -> None:
    obj = job({**_LABELS, "job-name": "x.y", "batch.kubernetes.io/job-name": "x.y"}, **_INDEXED)
    obj["metadata"]["name"] = "x.y"
    assert created(obj) == [
        'metadata.name: Invalid value: "x.y": will not able to create pod with invalid DNS label: x.y-4'
    ]


def changed(old: Object, **spec: Any) -> Object:
    obj = copy.deepcopy(old)
    obj["spec"].update(spec)
    return obj


def test_what_may_not_change() -> None:
    old = job()
    assert updated(changed(old, parallelism=3, backoffLimit=1, suspend=True), old) == []
    assert updated(changed(old, completions=3), old) == ["spec.completions: Invalid value: 3: field is immutable"]
    assert updated(changed(old, managedBy="a.b/c"), old) == [
        'spec.managedBy: Invalid value: "a.b/c": field is immutable'
    ]
    other = changed(old)
    other["spec"]["template"]["spec"]["priorityClassName"] = "x"
    (found,) = updated(other, old)
    assert found.startswith('spec.template: Invalid value: {"labels":{')
    assert found.endswith("}}: field is immutable")


def test_indexed_jobs_grow_with_their_parallelism() -> None:
    old = job(**_INDEXED)
    assert updated(changed(old, completions=9, parallelism=9), old) == []
    assert updated(changed(old, completions=9), old) == [
        "spec.completions: Invalid value: 9: can only be modified in tandem with spec.parallelism"
    ]


def test_suspended_jobs_can_be_moved_and_resized() -> None:
    old = {**job(suspend=True), "status": {}}
    new = changed(old)
    pod = new["spec"]["template"]["spec"]
    pod["nodeSelector"] = {"a": "b"}
    pod["affinity"] = {"nodeAffinity": {}}
    pod["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    assert updated(new, old) == []
    assert updated(new, {**old, "status": {"active": 1}})[0].startswith("spec.template: Invalid value: {")
    pod["priorityClassName"] = "x"
    assert updated(new, old)[0].startswith('spec.template.spec: Invalid value: {"Volumes":null,')


# Cron jobs


def cron_job(**spec: Any) -> Object:
    jobs = {"spec": {"template": template(restartPolicy="Never")}}
    return {
        "metadata": {"name": "c"},
        "spec": {"schedule": "@daily", "concurrencyPolicy": "Allow", "jobTemplate": jobs, **spec},
    }


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, []),
        ({"timeZone": "Europe/Berlin"}, []),
        ({"schedule": ""}, ["spec.schedule: Required value"]),
        ({"timeZone": ""}, ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']),
        ({"timeZone": "local"}, [
            'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in '
            "https://www.iana.org/time-zones",
            'spec.timeZone: Invalid value: "local": unknown time zone local',
        ]),
        ({"timeZone": "a/-b"}, ['spec.timeZone: Invalid value: "a/-b": unknown time zone a/-b']),
        ({"concurrencyPolicy": ""}, ["spec.concurrencyPolicy: Required value"]),
        ({"failedJobsHistoryLimit": -1},
         ["spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
        ({"schedule": "TZ=UTC @daily"}, [
            'spec.schedule: Invalid value: "TZ=UTC @daily": cannot use TZ or CRON_TZ in schedule, use timeZone field '
            "instead"
        ]),
    ],
)
def test_cron_jobs(spec: Object, wanted: list[str]) -> None:
    assert texts(validation.validate_cron_job(cron_job(**spec), TEMPLATE_RULES)) == wanted


def test_old_schedules_keep_their_zones() -> None:
    old = cron_job(schedule="TZ=UTC @daily", timeZone=None)
    assert texts(validation.validate_cron_job_update(old, old, TEMPLATE_RULES)) == []
    new = cron_job(schedule="TZ=UTC @daily", timeZone="UTC")
    assert texts(validation.validate_cron_job_update(new, old, TEMPLATE_RULES)) == [
        'spec.schedule: Invalid value: "TZ=UTC @daily": cannot use both timeZone field and TZ or CRON_TZ in schedule'
    ]


def test_names_of_cron_jobs_leave_room_for_those_of_jobs() -> None:
    obj = cron_job()
    obj["metadata"]["name"] = "x" * 53
    assert [error.detail for error in validation.validate_cron_job(obj, TEMPLATE_RULES)] == [
        "must be no more than 52 characters"
    ]
