from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, pod, run
from tests.registry.support import NOW_TEXT


def binding(name: str = "p", node: str = "n1", kind: str = "Node", **metadata: Any) -> Object:
    return {"metadata": {"name": name, **metadata}, "target": {"kind": kind, "name": node}}


async def refused(awaitable: Any) -> tuple[int, str]:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value.code, e.value.message


def test_a_pod_is_bound_once() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        body = binding(annotations={"x": "y"}, labels={"l": "m"})
        assert (await cluster.call("pods", "binding", "p", body))["status"] == "Success"
        bound = await cluster.get("pods", "p")
        assert bound["spec"]["nodeName"] == "n1"
        assert bound["metadata"]["annotations"] == {"x": "y"}
        assert bound["metadata"]["labels"] == {"l": "m"}
        assert bound["metadata"]["generation"] == 1
        assert bound["status"]["conditions"] == [
            {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": NOW_TEXT}
        ]
        assert await refused(cluster.call("pods", "binding", "p", binding(node="n2"))) == (
            409,
            'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
        )

    run(test)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (binding("other"), 400, "name in URL does not match name in Binding object"),
        (binding(node=""), 500, "target.name: Required value"),
        (binding(kind="Pod"), 500, 'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'),
    ],
)
def test_what_says_nothing_of_use(body: Object, code: int, text: str) -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        assert await refused(cluster.call("pods", "binding", "p", body)) == (code, text)

    run(test)


def test_the_uid_is_a_precondition() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        code, message = await refused(cluster.call("pods", "binding", "p", binding(uid="other")))
        assert code == 409
        assert "Precondition failed: UID in precondition: other" in message

    run(test)


def test_gated_and_missing_pods() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod(schedulingGates=[{"name": "g"}]))
        _, message = await refused(cluster.call("pods", "binding", "p", binding()))
        assert message.endswith("pod p has non-empty .spec.schedulingGates")
        assert (await refused(cluster.call("pods", "binding", "q", binding("q"))))[0] == 404

    run(test)


def test_a_dry_run_binds_nothing() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        await cluster.call("pods", "binding", "p", binding(), dry_run=True)
        assert "nodeName" not in (await cluster.get("pods", "p"))["spec"]

    run(test)


def test_the_older_way() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("pods", pod())
        await cluster.review("", "bindings", binding())
        assert (await cluster.get("pods", "p"))["spec"]["nodeName"] == "n1"

    run(test)
