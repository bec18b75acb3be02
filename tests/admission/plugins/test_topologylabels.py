from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, pod, run

NODES = GroupResource("", "nodes")


def test_pods_carry_their_nodes_zone() -> None:
    async def test(world: World) -> None:
        zone = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
        await world.put(NODES, {"metadata": {"name": "n", "labels": {**zone, "other": "x"}}})
        assert (await world.admit(PODS, pod(nodeName="n", metadata={"labels": {"a": "b"}})))["metadata"]["labels"] == {
            "a": "b", **zone
        }
        binding = {"metadata": {"name": "p", "namespace": "ns"}, "target": {"kind": "Node", "name": "n"}}
        assert (await world.admit(PODS, binding, subresource="binding"))["metadata"]["labels"] == zone
        assert "labels" not in (await world.admit(PODS, pod(nodeName="nosuch")))["metadata"]
        placed = pod(nodeName="n")
        assert "labels" not in (await world.admit(PODS, placed, operation="UPDATE", old_object=placed))["metadata"]

    run(test)
