from typing import Any

import pytest

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, pod, run

CLAIMS = GroupResource("", "persistentvolumeclaims")
LIMITS = [
    {
        "type": "Container", "default": {"cpu": "200m", "memory": "64Mi"}, "defaultRequest": {"cpu": "100m"},
        "max": {"cpu": "1", "memory": "1Gi"}, "min": {"cpu": "50m"}, "maxLimitRequestRatio": {"cpu": "4"},
    },
    {"type": "Pod", "max": {"cpu": "1500m"}},
    {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}},
]


def limited(test: Any) -> None:
    async def inner(world: World) -> None:
        limit_range = {"metadata": {"name": "lr", "namespace": "ns"}, "spec": {"limits": LIMITS}}
        await world.put(GroupResource("", "limitranges"), limit_range)
        await test(world)

    run(inner)


def asking(**resources: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "c", "image": "i", "resources": resources}])


def test_defaults_are_set_and_noted() -> None:
    async def test(world: World) -> None:
        made = pod(initContainers=[{"name": "x"}])
        admitted = await world.admit(PODS, made)
        assert admitted["spec"]["containers"][0]["resources"] == {
            "requests": {"cpu": "100m"}, "limits": {"cpu": "200m", "memory": "64Mi"},
        }
        assert admitted["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
            "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c; "
            "cpu request for init container x; cpu, memory limit for init container x"
        )

    limited(test)


@pytest.mark.parametrize(("made", "text"), [
    (
        asking(requests={"cpu": "8"}, limits={"cpu": "8"}),
        "[maximum cpu usage per Container is 1, but limit is 8, maximum cpu usage per Pod is 1500m, but limit is 8]",
    ),
    (
        asking(requests={"cpu": "10m"}),
        "[minimum cpu usage per Container is 50m, but request is 10m, cpu max limit to request ratio per Container is "
        "4, but provided ratio is 20.000000]",
    ),
    (
        asking(requests={"cpu": "100m"}, limits={"cpu": "900m"}),
        "cpu max limit to request ratio per Container is 4, but provided ratio is 9.000000",
    ),
    (asking(limits={"memory": "2Gi"}), "maximum memory usage per Container is 1Gi, but limit is 2Gi"),
    (
        pod(containers=[
            {"name": n, "resources": {"requests": {"cpu": "900m"}, "limits": {"cpu": "900m"}}} for n in "ab"
        ]),
        "maximum cpu usage per Pod is 1500m, but limit is 1800m",
    ),
])
def test_pods_out_of_bounds(made: dict[str, Any], text: str) -> None:
    async def test(world: World) -> None:
        error = await world.refuse(PODS, made)
        assert (error.code, error.message) == (403, f'pods "p" is forbidden: {text}')

    limited(test)


@pytest.mark.parametrize(("size", "text"), [
    ("500Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"),
    ("9Gi", "maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 9Gi"),
    ("2Gi", ""),
])
def test_claims(size: str, text: str) -> None:
    async def test(world: World) -> None:
        claim = {"metadata": {"name": "c", "namespace": "ns"}, "spec": {"resources": {"requests": {"storage": size}}}}
        if text:
            error = await world.refuse(CLAIMS, claim)
            assert error.message == f'persistentvolumeclaims "c" is forbidden: {text}'
        else:
            await world.admit(CLAIMS, claim)

    limited(test)


def test_updates_and_other_subresources_are_left_alone() -> None:
    async def test(world: World) -> None:
        await world.admit(PODS, asking(limits={"cpu": "8"}), operation="UPDATE", old_object=pod())
        error = await world.refuse(
            PODS, asking(limits={"cpu": "8"}), operation="UPDATE", subresource="resize", old_object=pod()
        )
        assert "maximum cpu usage" in error.message

    limited(test)


@pytest.mark.parametrize(("limit", "refused"), [("10Gi", True), ("10P", False)])
def test_an_amount_whose_thousandths_are_too_many_makes_all_of_them_whole(limit: str, refused: bool) -> None:
    async def test(world: World) -> None:
        limits = [{"type": "Container", "min": {"memory": "1500m"}}]
        limit_range = {"metadata": {"name": "lr", "namespace": "ns"}, "spec": {"limits": limits}}
        await world.put(GroupResource("", "limitranges"), limit_range)
        made = asking(requests={"memory": "1200m"}, limits={"memory": limit})
        if refused:
            error = await world.refuse(PODS, made)
            assert error.message.endswith("minimum memory usage per Container is 1500m, but request is 1200m")
        else:
            await world.admit(PODS, made)

    run(test)
