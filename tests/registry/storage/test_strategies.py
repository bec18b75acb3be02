from tests.registry.cluster import Cluster, Object, run

GROUP = "storage.k8s.io"


def test_a_drivers_generation_begins_with_a_change() -> None:
    async def test(cluster: Cluster) -> None:
        driver = {"metadata": {"name": "d"}, "spec": {"tokenRequests": [{"audience": "a"}]}}
        created = await cluster.create("csidrivers", driver, group=GROUP)
        assert "generation" not in created["metadata"]
        assert created["spec"]["attachRequired"] is True
        assert created["spec"]["volumeLifecycleModes"] == ["Persistent"]
        assert cluster.ctx.warnings == [
            "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent "
            "possible logging of tokens in volume attributes"
        ]

        def change(obj: Object) -> None:
            obj["spec"]["requiresRepublish"] = True

        assert (await cluster.update("csidrivers", "d", change, group=GROUP))["metadata"]["generation"] == 1
        assert cluster.ctx.warnings is None

    run(test)


def test_the_status_of_an_attachment_leaves_metadata() -> None:
    async def test(cluster: Cluster) -> None:
        spec = {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
        await cluster.create("volumeattachments", {"metadata": {"name": "a"}, "spec": spec}, group=GROUP)

        def attach(obj: Object) -> None:
            obj["status"] = {"attached": True}
            obj["metadata"]["labels"] = {"a": "b"}

        updated = await cluster.update("volumeattachments", "a", attach, group=GROUP, subresource="status")
        assert updated["status"] == {"attached": True}
        assert "labels" not in updated["metadata"]

    run(test)


def test_storage_classes() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("storageclasses", {"metadata": {"name": "s"}, "provisioner": "p"}, group=GROUP)
        assert (created["reclaimPolicy"], created["volumeBindingMode"]) == ("Delete", "Immediate")

    run(test)
