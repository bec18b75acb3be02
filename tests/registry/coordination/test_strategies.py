from tests.registry.cluster import Cluster, run


def test_fields_of_coordinated_elections_are_dropped() -> None:
    async def test(cluster: Cluster) -> None:
        spec = {"holderIdentity": "a", "strategy": "OldestEmulationVersion", "preferredHolder": "b"}
        created = await cluster.create(
            "leases", {"metadata": {"name": "l"}, "spec": spec}, group="coordination.k8s.io"
        )
        assert created["spec"] == {"holderIdentity": "a"}

    run(test)
