from tests.registry.cluster import Cluster, Object, run

GROUP = "flowcontrol.apiserver.k8s.io"


def test_status_writes_nothing_of_the_metadata() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("flowschemas", {
            "metadata": {"name": "f"}, "spec": {"priorityLevelConfiguration": {"name": "p"}},
        }, group=GROUP)
        assert created["spec"]["matchingPrecedence"] == 1000

        def change(obj: Object) -> None:
            obj["metadata"]["annotations"] = {"a": "b"}
            obj["status"] = {"conditions": [{"type": "Dangling", "status": "False"}]}

        updated = await cluster.update("flowschemas", "f", change, group=GROUP, subresource="status")
        assert "annotations" not in updated["metadata"]
        assert updated["status"]["conditions"][0]["type"] == "Dangling"

    run(test)
