from tests.registry.cluster import Cluster, Object, run

GROUP = "resource.k8s.io"


def test_a_devices_status_goes_with_its_allocation() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("resourceclaims", {"metadata": {"name": "c"}, "spec": {"devices": {}}}, group=GROUP)
        device = {"driver": "d", "pool": "p", "device": "x"}

        def allocate(obj: Object) -> None:
            results = [{**device, "request": "r"}]
            obj["status"] = {"allocation": {"devices": {"results": results}}, "devices": [device]}

        updated = await cluster.update("resourceclaims", "c", allocate, group=GROUP, subresource="status")
        assert len(updated["status"]["devices"]) == 1

        def free(obj: Object) -> None:
            del obj["status"]["allocation"]

        updated = await cluster.update("resourceclaims", "c", free, group=GROUP, subresource="status")
        assert "devices" not in updated["status"]

    run(test)
