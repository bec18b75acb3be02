from pilothouse.registry.core.nodes import selectable
from tests.registry.cluster import Cluster, Object, run


def test_a_node_comes_with_its_status() -> None:
    async def test(cluster: Cluster) -> None:
        node = {"metadata": {"name": "n"}, "spec": {"configSource": {}}, "status": {"capacity": {"cpu": "4"}}}
        created = await cluster.create("nodes", node)
        assert created["status"]["allocatable"] == {"cpu": "4"}
        assert "configSource" not in created["spec"]

        def change(obj: Object) -> None:
            obj["status"]["capacity"] = {"cpu": "8"}
            obj["spec"]["unschedulable"] = True

        updated = await cluster.update("nodes", "n", change)
        assert updated["status"]["capacity"] == {"cpu": "4"}
        assert updated["spec"]["unschedulable"] is True

    run(test)


def test_selectable() -> None:
    assert selectable({"spec": {}}) == {"spec.unschedulable": "false"}
    assert selectable({"spec": {"unschedulable": True}}) == {"spec.unschedulable": "true"}
