"""DefaultStorageClass: a claim without a class gets the default one
(upstream: plugin/pkg/admission/storage/storageclass/setdefault/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister
from pilothouse.admission.plugins.defaultclass import default_class
from pilothouse.apimachinery.gvk import GroupResource

_CLAIMS: Final = GroupResource("", "persistentvolumeclaims")
_CLASSES: Final = GroupResource("storage.k8s.io", "storageclasses")
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class"


class DefaultStorageClass:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _CLAIMS and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object["spec"]
        asked = spec.get("storageClassName") is not None
        if asked or _LEGACY_CLASS in (a.object["metadata"].get("annotations") or {}):
            return
        default = default_class(self._lister, _CLASSES, *_DEFAULT)
        if default is not None:
            spec["storageClassName"] = default["metadata"]["name"]
