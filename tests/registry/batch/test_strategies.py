from pilothouse.registry.batch.strategies import CronJobStrategy, JobStrategy
from tests.registry.cluster import Cluster, context, run

TEMPLATE = {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}


def test_a_job_finds_its_pods_by_its_uid() -> None:
    async def test(cluster: Cluster) -> None:
        job = await cluster.create("jobs", {"metadata": {"name": "j"}, "spec": {"template": TEMPLATE}}, group="batch")
        uid = job["metadata"]["uid"]
        assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        assert job["spec"]["template"]["metadata"]["labels"] == {
            "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": "j", "controller-uid": uid,
            "job-name": "j",
        }

    run(test)


def test_a_job_with_a_selector_of_its_own() -> None:
    async def test(cluster: Cluster) -> None:
        template = {**TEMPLATE, "metadata": {"labels": {"a": "b"}}}
        spec = {"template": template, "manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}
        job = await cluster.create("jobs", {"metadata": {"name": "j"}, "spec": spec}, group="batch")
        assert job["spec"]["selector"] == {"matchLabels": {"a": "b"}}
        assert job["spec"]["template"]["metadata"]["labels"] == {"a": "b"}

    run(test)


def test_time_zones_in_schedules_are_warned_about() -> None:
    old = {"metadata": {"generation": 1}, "spec": {"schedule": "TZ=UTC * * * * *"}}
    warnings = CronJobStrategy().warnings_on_update(context(), old, old)
    assert [w.partition(",")[0] for w in warnings] == ["cannot use TZ or CRON_TZ in spec.spec.schedule"]


def test_very_large_jobs_are_warned_about() -> None:
    spec = {"completionMode": "Indexed", "completions": 200_000, "parallelism": 20_000}
    job = {"metadata": {"name": "j"}, "spec": spec}
    assert [w.partition(":")[0] for w in JobStrategy().warnings_on_create(context(), job)] == ["spec"]
    cron_job = {"metadata": {"name": "j"}, "spec": {"jobTemplate": {"spec": spec}}}
    assert [w.partition(":")[0] for w in CronJobStrategy().warnings_on_create(context(), cron_job)] == [
        "spec.jobTemplate.spec"
    ]
