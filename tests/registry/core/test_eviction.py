from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, pod, run

POLICY = "policy"


def budget(name: str = "b", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "e"}}, **spec}}


def eviction(name: str = "p", **options: Any) -> Object:
    return {"metadata": {"name": name}, "deleteOptions": options}


async def running(cluster: Cluster, name: str = "p", ready: str = "True") -> None:
    obj = pod(name)
    obj["metadata"]["labels"] = {"app": "e"}
    await cluster.create("pods", obj)

    def start(obj: Object) -> None:
        obj["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}

    await cluster.update("pods", name, start, subresource="status")


async def allow(cluster: Cluster, disruptions: int, **status: int) -> None:
    def observe(obj: Object) -> None:
        obj["status"] = {
            "observedGeneration": 1, "disruptionsAllowed": disruptions, "currentHealthy": 3, "desiredHealthy": 2,
            "expectedPods": 3, **status,
        }

    await cluster.update("poddisruptionbudgets", "b", observe, group=POLICY, subresource="status")


async def refused(awaitable: Any) -> StatusError:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value


def test_without_a_budget_a_pod_goes() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        assert (await cluster.call("pods", "eviction", "p", eviction()))["status"] == "Success"
        assert (await refused(cluster.get("pods", "p"))).code == 404

    run(test)


def test_names_and_preconditions() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        assert (await refused(cluster.call("pods", "eviction", "p", eviction("q")))).message == (
            "name in URL does not match name in Eviction object"
        )
        error = await refused(cluster.call("pods", "eviction", "p", eviction(preconditions={"uid": "other"})))
        assert "the UID in the precondition (other) does not match the UID in record" in error.message

    run(test)


def test_options_that_evictions_do_not_take() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        unsafe = eviction(ignoreStoreReadErrorWithClusterBreakingPotential=True)
        error = await refused(cluster.call("pods", "eviction", "p", unsafe))
        assert (error.code, error.message) == (422, (
            'Eviction.policy "p" is invalid: deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential: '
            "Invalid value: true: can not be set for pod eviction, try after removing the option"
        ))
        error = await refused(cluster.call("pods", "eviction", "p", eviction(dryRun=["Odd", "All"]), dry_run=True))
        assert (error.code, error.message) == (
            500, "Non-matching dry-run options in request and content: [All] and [Odd All]"
        )
        await cluster.call("pods", "eviction", "p", eviction(dryRun=["All"]), dry_run=True)

    run(test)


def test_options_that_no_deletion_takes() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        bad = eviction(propagationPolicy="Odd", orphanDependents=True, dryRun=["Some"])
        error = await refused(cluster.call("pods", "eviction", "p", bad))
        assert (error.code, error.message) == (422, (
            'DeleteOptions.meta.k8s.io "" is invalid: [propagationPolicy: Invalid value: "Odd": orphanDependents and '
            'deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "Odd": supported values: '
            '"Foreground", "Background", "Orphan", "nil", dryRun: Unsupported value: ["Some"]: supported values: "All"]'
        ))
        assert (await cluster.get("pods", "p"))["metadata"]["name"] == "p"

    run(test)


def test_a_budget_that_was_not_seen_yet() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        await cluster.create("poddisruptionbudgets", budget(minAvailable=1), group=POLICY)
        error = await refused(cluster.call("pods", "eviction", "p", eviction()))
        assert error.code == 429
        assert error.message == "Cannot evict pod as it would violate the pod's disruption budget."
        assert error.details == {
            "causes": [
                {
                    "reason": "DisruptionBudget",
                    "message": "The disruption budget b is still being processed by the server.",
                }
            ],
            "retryAfterSeconds": 10,
        }

    run(test)


def test_a_budget_is_spent() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        await running(cluster, "q")
        await cluster.create("poddisruptionbudgets", budget(minAvailable=1), group=POLICY)
        await allow(cluster, 1)
        await cluster.call("pods", "eviction", "p", eviction(), dry_run=True)
        await cluster.call("pods", "eviction", "p", eviction())
        status = (await cluster.get("poddisruptionbudgets", "b", group=POLICY))["status"]
        assert status["disruptionsAllowed"] == 0
        assert list(status["disruptedPods"]) == ["p"]
        assert status["conditions"][0]["reason"] == "InsufficientPods"
        error = await refused(cluster.call("pods", "eviction", "q", eviction("q")))
        assert error.details is not None
        assert error.details["causes"][0]["message"] == (
            "The disruption budget b does not allow evicting pods currently"
        )
        assert "retryAfterSeconds" not in error.details

    run(test)


def test_too_few_healthy_pods() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        await cluster.create("poddisruptionbudgets", budget(minAvailable=1), group=POLICY)
        await allow(cluster, 0, currentHealthy=2)
        error = await refused(cluster.call("pods", "eviction", "p", eviction()))
        assert error.details is not None
        text = "The disruption budget b needs 2 healthy pods and has 2 currently"
        assert error.details["causes"][0]["message"] == text

    run(test)


@pytest.mark.parametrize(("policy", "healthy"), [("AlwaysAllow", 0), (None, 2)])
def test_pods_that_are_not_ready_may_go(policy: str | None, healthy: int) -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster, ready="False")
        spec = {"unhealthyPodEvictionPolicy": policy} if policy else {}
        await cluster.create("poddisruptionbudgets", budget(minAvailable=1, **spec), group=POLICY)
        await allow(cluster, 0, currentHealthy=healthy)
        await cluster.call("pods", "eviction", "p", eviction())

    run(test)


def test_two_budgets_are_one_too_many() -> None:
    async def test(cluster: Cluster) -> None:
        await running(cluster)
        for name in "bc":
            await cluster.create("poddisruptionbudgets", budget(name), group=POLICY)
        error = await refused(cluster.call("pods", "eviction", "p", eviction()))
        assert (error.code, error.message) == (
            500,
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        )

    run(test)


def test_pods_that_are_done_or_pending_are_beyond_budgets() -> None:
    async def test(cluster: Cluster) -> None:
        obj = pod()
        obj["metadata"]["labels"] = {"app": "e"}
        await cluster.create("pods", obj)
        await cluster.create("poddisruptionbudgets", budget(), group=POLICY)
        await cluster.call("pods", "eviction", "p", eviction())

    run(test)


def test_a_pending_pod_with_another_uid_is_refused_at_once() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        error = await refused(cluster.call("pods", "eviction", "p", eviction(preconditions={"uid": "other"})))
        assert error.code == 409
        assert "the UID in the precondition (other) does not match the UID in record" in error.message
        assert (await cluster.get("pods", "p"))["metadata"]["name"] == "p"

    run(test)
