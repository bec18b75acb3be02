from tests.registry.cluster import Cluster, Object, run

GROUP = "discovery.k8s.io"


def test_labels_count_and_old_topology_goes() -> None:
    async def test(cluster: Cluster) -> None:
        endpoint = {"addresses": ["1.2.3.4"], "deprecatedTopology": {"kubernetes.io/hostname": "n"}}
        obj = {
            "metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": [endpoint], "ports": [{"port": 80}],
        }
        created = await cluster.create("endpointslices", obj, group=GROUP)
        assert created["metadata"]["generation"] == 1
        assert created["endpoints"] == [{"addresses": ["1.2.3.4"], "conditions": {}}]
        assert created["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]

        def label(obj: Object) -> None:
            obj["metadata"]["labels"] = {"a": "b"}

        assert (await cluster.update("endpointslices", "s", label, group=GROUP))["metadata"]["generation"] == 2

        def annotate(obj: Object) -> None:
            obj["metadata"]["annotations"] = {"a": "b"}

        assert (await cluster.update("endpointslices", "s", annotate, group=GROUP))["metadata"]["generation"] == 2

    run(test)
