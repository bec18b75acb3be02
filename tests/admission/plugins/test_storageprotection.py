from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import World, run


def test_storage_is_protected_while_in_use() -> None:
    async def test(world: World) -> None:
        for resource, finalizer in (
            (GroupResource("", "persistentvolumeclaims"), "kubernetes.io/pvc-protection"),
            (GroupResource("", "persistentvolumes"), "kubernetes.io/pv-protection"),
            (GroupResource("storage.k8s.io", "volumeattributesclasses"), "kubernetes.io/vac-protection"),
        ):
            obj = await world.admit(resource, {"metadata": {"name": "a"}, "spec": {}})
            assert obj["metadata"]["finalizers"] == [finalizer]
            assert (await world.admit(resource, obj))["metadata"]["finalizers"] == [finalizer]

    run(test)
