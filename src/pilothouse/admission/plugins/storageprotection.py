"""StorageObjectInUseProtection: volumes, claims and attribute classes are held until nobody uses them
(upstream: plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister
from pilothouse.apimachinery.gvk import GroupResource

_FINALIZERS: Final = {
    GroupResource("", "persistentvolumes"): "kubernetes.io/pv-protection",
    GroupResource("", "persistentvolumeclaims"): "kubernetes.io/pvc-protection",
    GroupResource("storage.k8s.io", "volumeattributesclasses"): "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection:
    def __init__(self, lister: Lister) -> None: ...

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource in _FINALIZERS and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        metadata, finalizer = a.object["metadata"], _FINALIZERS[a.resource]
        have = metadata.get("finalizers") or []
        if finalizer not in have:
            metadata["finalizers"] = [*have, finalizer]
