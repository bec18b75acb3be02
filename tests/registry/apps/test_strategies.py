from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, context, run

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
GENERATION = "deprecated.daemonset.template.generation"


def workload(**spec: Any) -> Object:
    return {"metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE, **spec}}


@pytest.mark.parametrize("resource", ["deployments", "replicasets", "statefulsets", "daemonsets"])
def test_status_and_spec_are_apart(resource: str) -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create(resource, {**workload(), "status": {"observedGeneration": 9}}, group="apps")
        assert created["metadata"]["generation"] == 1
        assert "observedGeneration" not in created["status"]

        def both(obj: Object) -> None:
            obj["status"]["observedGeneration"] = 1
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"

        updated = await cluster.update(resource, "a", both, group="apps")
        assert updated["metadata"]["generation"] == 2
        assert "observedGeneration" not in updated["status"]
        updated = await cluster.update(resource, "a", both, group="apps", subresource="status")
        assert updated["status"]["observedGeneration"] == 1
        assert updated["metadata"]["generation"] == 2

    run(test)


def test_a_deployments_annotations_count_and_its_status_leaves_labels() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("deployments", workload(), group="apps")

        def annotate(obj: Object) -> None:
            obj["metadata"]["annotations"] = {"x": "y"}
            obj["metadata"]["labels"] = {"l": "m"}

        assert (await cluster.update("deployments", "a", annotate, group="apps"))["metadata"]["generation"] == 2

        def unlabel(obj: Object) -> None:
            obj["metadata"]["labels"] = {}

        updated = await cluster.update("deployments", "a", unlabel, group="apps", subresource="status")
        assert updated["metadata"]["labels"] == {"l": "m"}

    run(test)


def test_a_daemon_set_counts_its_templates() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("daemonsets", workload(), group="apps")
        assert created["metadata"]["annotations"] == {GENERATION: "1"}

        def roll(obj: Object) -> None:
            obj["metadata"].pop("annotations")
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"

        assert (await cluster.update("daemonsets", "a", roll, group="apps"))["metadata"]["annotations"] == {
            GENERATION: "2"
        }

        def forget(obj: Object) -> None:
            obj["metadata"].pop("annotations")

        for subresource in ("", "status"):
            updated = await cluster.update("daemonsets", "a", forget, group="apps", subresource=subresource)
            assert updated["metadata"]["annotations"] == {GENERATION: "2"}

    run(test)


def test_the_data_of_a_revision_never_changes() -> None:
    async def test(cluster: Cluster) -> None:
        revision = {"metadata": {"name": "a"}, "data": {"x": 1}, "revision": 1}
        await cluster.create("controllerrevisions", revision, group="apps")

        def count(obj: Object) -> None:
            obj["revision"] = 2

        assert (await cluster.update("controllerrevisions", "a", count, group="apps"))["revision"] == 2

        def change(obj: Object) -> None:
            obj["data"] = {"x": 2}

        with pytest.raises(StatusError, match="field is immutable"):
            await cluster.update("controllerrevisions", "a", change, group="apps")

    run(test)


def test_a_patch_of_a_revision_is_refused_as_upstream_does() -> None:
    strategy = Cluster().resources["apps", "controllerrevisions"].strategy
    errors = strategy.validate_update(context("patch"), {"data": {"x": 1}}, {"data": {"x": 1}})
    assert [str(error) for error in errors] == ['data: Invalid value: {"x":1}: field is immutable']


def test_a_history_without_end_is_warned_about() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("statefulsets", workload(revisionHistoryLimit=-1), group="apps")
        assert cluster.ctx.warnings is not None
        assert cluster.ctx.warnings[0].startswith("spec.revisionHistoryLimit: a negative value retains all")

    run(test)
