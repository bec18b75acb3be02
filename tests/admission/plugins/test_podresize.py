import json
from collections.abc import Mapping
from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from tests.admission.support import PODS, World, run

NODES = GroupResource("", "nodes")
NODE: dict[str, Any] = {
    "metadata": {"name": "n", "labels": {"kubernetes.io/os": "linux"}},
    "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}},
}


def pod(generation: int = 2, node: str = "n", **spec: Any) -> dict[str, Any]:
    spec.setdefault("containers", [{"name": "c", "image": "i"}])
    spec |= {"nodeName": node} if node else {}
    return {"metadata": {"name": "p", "namespace": "ns", "generation": generation}, "spec": spec}


def asking(**requests: str) -> dict[str, Any]:
    return {"name": "c", "image": "i", "resources": {"requests": requests}}


def resize(
    node: Mapping[str, Any] | None, new: dict[str, Any], old: dict[str, Any] | None = None
) -> StatusError | None:
    refused: list[StatusError] = []

    async def test(world: World) -> None:
        if node is not None:
            await world.put(NODES, json.loads(json.dumps(node)))
        try:
            await world.admit(PODS, new, operation="UPDATE", subresource="resize", old_object=old or pod(1))
        except StatusError as e:
            refused.append(e)

    run(test)
    return refused[0] if refused else None


@pytest.mark.parametrize(("node", "new"), [
    (NODE, pod(containers=[asking(cpu="2", memory="1Gi")])), (None, pod(node="")), (None, pod(1)),
    ({**NODE, "metadata": {"name": "n"}}, pod()),
])
def test_what_may_be_resized(node: Any, new: dict[str, Any]) -> None:
    assert resize(node, new) is None


@pytest.mark.parametrize(("node", "new", "text", "causes"), [
    (None, pod(), 'node "n" not found', None),
    ({**NODE, "metadata": {"name": "n", "labels": {"kubernetes.io/os": "windows"}}}, pod(),
     'pod resize is only supported on linux nodes, node "n" is "windows"', [{"reason": "UnsupportedPlatform"}]),
    (NODE, pod(containers=[asking(cpu="2001m", memory="2Gi")]),
     "node didn't have enough allocatable resources: cpu, requested: 2001, allocatable: 2000; "
     "memory, requested: 2147483648, allocatable: 1073741824", [{"reason": "NodeCapacity"}]),
    (NODE, pod(containers=[asking(cpu="1500m")], overhead={"cpu": "1"}),
     "node didn't have enough allocatable resources: cpu, requested: 2500, allocatable: 2000",
     [{"reason": "NodeCapacity"}]),
    (NODE, pod(resources={"requests": {"cpu": "1"}}, initContainers=[asking(cpu="1")]),
     "pod update requires features InPlacePodLevelResourcesVerticalScaling, InPlacePodVerticalScalingInitContainers "
     'which are not available on node "n"', None),
])
def test_what_may_not(node: Any, new: dict[str, Any], text: str, causes: Any) -> None:
    old = pod(1, initContainers=[asking()]) if "initContainers" in new["spec"] else None
    error = resize(node, new, old)
    assert error is not None
    assert error.message == f'pods "p" is forbidden: {text}'
    assert (error.details or {}).get("causes") == causes


def test_what_a_node_says_it_can_do() -> None:
    features = ["InPlacePodLevelResourcesVerticalScaling", "InPlacePodVerticalScalingInitContainers"]
    node = {**NODE, "status": {**NODE["status"], "declaredFeatures": features}}
    assert resize(node, pod(resources={"requests": {"cpu": "1"}})) is None
