from typing import Any

import pytest

from pilothouse.registry.batch.defaults import default_cron_job, default_job

Object = dict[str, Any]


@pytest.mark.parametrize(
    ("given", "completions", "parallelism"), [({}, 1, 1), ({"completions": 3}, 3, 1), ({"parallelism": 2}, None, 2)]
)
def test_completions(given: Object, completions: int | None, parallelism: int) -> None:
    job: Object = {"metadata": {}, "spec": {**given, "template": {"metadata": {"labels": {"a": "b"}}}}}
    default_job(job)
    spec = job["spec"]
    assert (spec.get("completions"), spec["parallelism"]) == (completions, parallelism)
    assert (spec["backoffLimit"], spec["completionMode"], spec["suspend"]) == (6, "NonIndexed", False)
    assert (spec["podReplacementPolicy"], spec["manualSelector"]) == ("TerminatingOrFailed", False)
    assert job["metadata"]["labels"] == {"a": "b"}


def test_failure_policies() -> None:
    rules = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
    job: Object = {"spec": {"backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": rules}}}
    default_job(job)
    assert job["spec"]["backoffLimit"] == 2**31 - 1
    assert job["spec"]["podReplacementPolicy"] == "Failed"
    assert rules[0]["onPodConditions"][0]["status"] == "True"  # type: ignore[index]


def test_cron_job_leaves_its_jobs_counts_alone() -> None:
    cron: Object = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {}}}}}}
    default_cron_job(cron)
    template = cron["spec"].pop("jobTemplate")["spec"]
    assert cron["spec"] == {
        "concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
    }
    assert "parallelism" not in template
    assert template["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
