"""PersistentVolumeClaimResize: only what can grow may ask for more
(upstream: plugin/pkg/admission/storage/persistentvolume/resize/admission.go)."""

from typing import Any, Final

from pilothouse.admission.interface import UPDATE, Attributes, Lister, forbidden
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import Quantity, parse

_CLAIMS: Final = GroupResource("", "persistentvolumeclaims")
_CLASSES: Final = GroupResource("storage.k8s.io", "storageclasses")
_LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class"


class PersistentVolumeClaimResize:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == UPDATE and resource == _CLAIMS and not subresource

    async def validate(self, a: Attributes) -> None:
        new, old = a.object, a.old_object
        if new is None or old is None or not _size(old) < _size(new):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise forbidden(a, "Only bound persistent volume claims can be expanded")
        if not self._can_grow(new, old):
            raise forbidden(
                a,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                "support resize",
            )

    def _can_grow(self, new: dict[str, Any], old: dict[str, Any]) -> bool:
        name = _class(new)
        if not name or name != _class(old):
            return False
        storage_class = self._lister.get(_CLASSES, "", name)
        return storage_class is not None and bool(storage_class.get("allowVolumeExpansion"))


def _size(claim: dict[str, Any]) -> Quantity:
    resources = (claim.get("spec") or {}).get("resources") or {}
    return parse(str((resources.get("requests") or {}).get("storage") or "0"))


def _class(claim: dict[str, Any]) -> str:
    legacy = (claim["metadata"].get("annotations") or {}).get(_LEGACY_CLASS)
    return str(legacy if legacy is not None else claim["spec"].get("storageClassName") or "")
