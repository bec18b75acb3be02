import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run

GROUP = "resource.k8s.io"


def test_a_devices_status_goes_with_its_allocation() -> None:
    async def test(cluster: Cluster) -> None:
        requests = [{"name": "r", "exactly": {"deviceClassName": "c"}}]
        claim = {"metadata": {"name": "c"}, "spec": {"devices": {"requests": requests}}}
        await cluster.create("resourceclaims", claim, group=GROUP)
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


def test_admin_access_is_for_namespaces_with_the_label() -> None:
    async def test(cluster: Cluster) -> None:
        requests = [{"name": "r", "exactly": {"deviceClassName": "c", "adminAccess": True}}]
        claim = {"metadata": {"name": "c"}, "spec": {"devices": {"requests": requests}}}
        await cluster.create("namespaces", {"metadata": {"name": "ns"}})
        with pytest.raises(StatusError) as e:
            await cluster.create("resourceclaims", claim, group=GROUP)
        assert "spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires" in e.value.message

        def label(obj: Object) -> None:
            obj["metadata"]["labels"] = {"resource.kubernetes.io/admin-access": "true"}

        await cluster.update("namespaces", "ns", label)
        await cluster.create("resourceclaims", claim, group=GROUP)

    run(test)


def test_alpha_fields_of_devices_go() -> None:
    async def test(cluster: Cluster) -> None:
        attributes = {"a": {"int": 1, "ints": [1]}}
        device = {"name": "d", "attributes": attributes, "nodeAllocatableResourceMappings": {"cpu": {}}}
        pool = {"name": "p", "resourceSliceCount": 1, "generation": 1}
        spec = {"driver": "d", "nodeName": "n", "pool": pool, "devices": [device]}
        created = await cluster.create("resourceslices", {"metadata": {"name": "s"}, "spec": spec}, group=GROUP)
        assert created["spec"]["devices"] == [{"name": "d", "attributes": {"a": {"int": 1}}}]

    run(test)
