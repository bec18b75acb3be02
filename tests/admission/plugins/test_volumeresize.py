from typing import Any

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import World, run

CLAIMS = GroupResource("", "persistentvolumeclaims")


def test_claims_grow_only_where_they_can() -> None:
    def claim(size: str, storage_class: str = "grows", phase: str = "Bound") -> dict[str, Any]:
        return {
            "metadata": {"name": "c", "namespace": "ns"}, "status": {"phase": phase},
            "spec": {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}},
        }

    async def test(world: World) -> None:
        classes = GroupResource("storage.k8s.io", "storageclasses")
        await world.put(classes, {"metadata": {"name": "grows"}, "allowVolumeExpansion": True})
        await world.put(classes, {"metadata": {"name": "stays"}})

        async def refusal(new: dict[str, Any], old: dict[str, Any]) -> str:
            return (await world.refuse(CLAIMS, new, operation="UPDATE", old_object=old)).message

        await world.admit(CLAIMS, claim("2Gi"), operation="UPDATE", old_object=claim("1Gi"))
        await world.admit(CLAIMS, claim("1Gi", "stays"), operation="UPDATE", old_object=claim("1Gi", "stays"))
        assert await refusal(claim("2Gi"), claim("1Gi", phase="Pending")) == (
            'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded'
        )
        assert await refusal(claim("2Gi", "stays"), claim("1Gi", "stays")) == (
            'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the '
            "storageclass that provisions the pvc must support resize"
        )

    run(test)
