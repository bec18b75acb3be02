from typing import Any

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, pod, run

CLASSES = GroupResource("scheduling.k8s.io", "priorityclasses")
HIGH: dict[str, Any] = {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"}


def test_priority_of_a_pod() -> None:
    async def test(world: World) -> None:
        await world.put(CLASSES, HIGH)
        spec = (await world.admit(PODS, pod(priorityClassName="high")))["spec"]
        assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
        spec = (await world.admit(PODS, pod()))["spec"]
        assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
        assert "priorityClassName" not in spec
        error = await world.refuse(PODS, pod(priorityClassName="no"))
        assert error.message == 'pods "p" is forbidden: no PriorityClass with name no was found'
        error = await world.refuse(PODS, pod(priorityClassName="high", priority=5))
        assert error.message == (
            'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority '
            "admission controller computed 1000 from the given PriorityClass name"
        )

    run(test)


def test_updates_keep_the_priority() -> None:
    async def test(world: World) -> None:
        old = pod(priority=7, preemptionPolicy="Never")
        spec = (await world.admit(PODS, pod(), operation="UPDATE", old_object=old))["spec"]
        assert (spec["priority"], spec["preemptionPolicy"]) == (7, "Never")

    run(test)


def test_one_global_default() -> None:
    async def test(world: World) -> None:
        default = {**HIGH, "globalDefault": True}
        await world.admit(CLASSES, default)
        await world.put(CLASSES, default)
        spec = (await world.admit(PODS, pod()))["spec"]
        assert (spec["priorityClassName"], spec["priority"]) == ("high", 1000)
        error = await world.refuse(CLASSES, {"metadata": {"name": "b"}, "value": 1, "globalDefault": True})
        assert error.message == (
            'priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass high is already marked as default. '
            "Only one default can exist"
        )
        await world.admit(CLASSES, default, operation="UPDATE", old_object=default)

    run(test)
