from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import World, run

NODES = GroupResource("", "nodes")


def test_new_nodes_are_tainted_once() -> None:
    async def test(world: World) -> None:
        taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
        node = await world.admit(NODES, {"metadata": {"name": "n"}})
        assert node["spec"]["taints"] == [taint]
        assert (await world.admit(NODES, node))["spec"]["taints"] == [taint]

    run(test)
