from tests.registry.cluster import Cluster, Object, run

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
        spec = {"template": TEMPLATE, "manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}
        job = await cluster.create("jobs", {"metadata": {"name": "j"}, "spec": spec}, group="batch")
        assert job["spec"]["selector"] == {"matchLabels": {"a": "b"}}
        assert "labels" not in job["spec"]["template"]["metadata"]

    run(test)


def test_time_zones_in_schedules_are_warned_about() -> None:
    async def test(cluster: Cluster) -> None:
        spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": TEMPLATE}}}
        await cluster.create("cronjobs", {"metadata": {"name": "c"}, "spec": spec}, group="batch")

        def zone(obj: Object) -> None:
            obj["spec"]["schedule"] = "TZ=UTC * * * * *"

        await cluster.update("cronjobs", "c", zone, group="batch")
        assert cluster.ctx.warnings is not None
        assert cluster.ctx.warnings[0].startswith("cannot use TZ or CRON_TZ in spec.spec.schedule")

    run(test)
