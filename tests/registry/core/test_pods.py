import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.core.pods import PodStrategy, selectable
from pilothouse.registry.rest import DeleteOptions
from tests.registry.cluster import Cluster, Object, context, pod, run
from tests.registry.support import NOW_TEXT


def test_a_new_pod_is_pending_whatever_the_client_says() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("pods", {**pod(), "status": {"phase": "Running", "podIP": "1.2.3.4"}})
        assert created["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
        assert created["metadata"]["generation"] == 1
        classed = await cluster.create("pods", {**pod("q"), "status": {"phase": "Running", "qosClass": "Guaranteed"}})
        assert classed["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}

    run(test)


def test_a_gated_pod_says_so() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("pods", pod(schedulingGates=[{"name": "g"}]))
        assert created["status"]["conditions"] == [
            {
                "type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": NOW_TEXT,
                "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]

    run(test)


def test_label_keys_become_expressions() -> None:
    async def test(cluster: Cluster) -> None:
        constraint = {
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {},
            "matchLabelKeys": ["a", "missing"],
        }
        obj = pod(topologySpreadConstraints=[constraint])
        obj["metadata"]["labels"] = {"a": "b"}
        created = await cluster.create("pods", obj)
        assert created["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"] == [
            {"key": "a", "operator": "In", "values": ["b"]}
        ]

    run(test)


def test_names_that_are_no_host_names_are_warned_about() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod("a.b"))
        assert cluster.ctx.warnings is not None
        assert cluster.ctx.warnings[0].startswith("metadata.name: this is used in the Pod's hostname")

    run(test)


def test_generation_counts_changes_of_the_spec() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod(activeDeadlineSeconds=100))

        def shorten(obj: Object) -> None:
            obj["spec"]["activeDeadlineSeconds"] = 10
            obj["status"]["phase"] = "Running"

        updated = await cluster.update("pods", "p", shorten)
        assert updated["metadata"]["generation"] == 2
        assert updated["status"]["phase"] == "Pending"

    run(test)


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (None, "Invalid value: null: must not update from a positive integer to nil value"),
        (200, "Invalid value: 200: must be less than or equal to previous value"),
        (-1, "Invalid value: -1: must be between 0 and 2147483647, inclusive"),
    ],
)
def test_a_deadline_only_comes_nearer(new: int | None, text: str) -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod(activeDeadlineSeconds=100))

        def change(obj: Object) -> None:
            obj["spec"]["activeDeadlineSeconds"] = new

        with pytest.raises(StatusError, match="activeDeadlineSeconds") as e:
            await cluster.update("pods", "p", change)
        assert text in e.value.message

    run(test)


def test_status_keeps_class_owners_and_observed_generations() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())

        def observe(obj: Object) -> None:
            obj["status"] = {
                "phase": "Running", "observedGeneration": 3,
                "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 3}],
            }
            obj["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u"}]

        updated = await cluster.update("pods", "p", observe, subresource="status")
        assert updated["status"]["qosClass"] == "BestEffort"
        assert "ownerReferences" not in updated["metadata"]

        def forget(obj: Object) -> None:
            obj["status"] = {"conditions": [{"type": "Ready", "status": "False"}]}

        updated = await cluster.update("pods", "p", forget, subresource="status")
        assert updated["status"]["observedGeneration"] == 3
        assert updated["status"]["conditions"][0]["observedGeneration"] == 3

    run(test)


def test_ephemeral_containers_write_nothing_else() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())

        def debug(obj: Object) -> None:
            obj["spec"]["ephemeralContainers"] = [{"name": "d", "image": "busybox"}]
            obj["spec"]["nodeName"] = "elsewhere"
            obj["metadata"]["labels"] = {"x": "y"}

        updated = await cluster.update("pods", "p", debug, subresource="ephemeralcontainers")
        assert updated["spec"]["ephemeralContainers"][0]["name"] == "d"
        assert "nodeName" not in updated["spec"]
        assert "labels" not in updated["metadata"]
        assert updated["metadata"]["generation"] == 2

    run(test)


def test_resize_writes_resources() -> None:
    async def test(cluster: Cluster) -> None:
        burstable = pod()
        burstable["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
        await cluster.create("pods", burstable)

        def resize(obj: Object) -> None:
            obj["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "2"}}
            obj["spec"]["containers"][0]["image"] = "other"

        updated = await cluster.update("pods", "p", resize, subresource="resize")
        container = updated["spec"]["containers"][0]
        assert container["resources"] == {"requests": {"cpu": "2"}}
        assert container["image"] == "i"

    run(test)


@pytest.mark.parametrize(
    ("spec", "phase", "grace", "wanted"),
    [
        ({}, "Running", 30, 0),
        ({"nodeName": "n"}, "Running", 5, 5),
        ({"nodeName": "n"}, "Running", -5, 1),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", None, 30),
        ({"nodeName": "n"}, "Succeeded", 30, 0),
    ],
)
def test_grace_period(spec: Object, phase: str, grace: int | None, wanted: int) -> None:
    strategy = PodStrategy(lambda: 0.0)
    obj = {"metadata": {}, "spec": spec, "status": {"phase": phase}}
    assert strategy.check_graceful_delete(context(), obj, DeleteOptions(grace_period_seconds=grace)) == wanted


def test_selectable_fields() -> None:
    fields = selectable({"spec": {"nodeName": "n", "hostNetwork": True}, "status": {"podIP": "1.2.3.4"}})
    assert fields["spec.nodeName"] == "n"
    assert fields["spec.hostNetwork"] == "true"
    assert fields["status.podIP"] == "1.2.3.4"
    assert "status.podIPs" not in fields
    assert fields["status.phase"] == ""
