"""Kinds of storage.k8s.io (upstream: pkg/registry/storage)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version

_v1 = Kinds("storage.k8s.io", "v1", "storage")

_V1 = (
    _v1("CSIDriver", "csidrivers", namespaced=False),
    _v1("CSINode", "csinodes", namespaced=False),
    _v1("CSIStorageCapacity", "csistoragecapacities"),
    _v1("StorageClass", "storageclasses", namespaced=False, short_names=("sc",)),
    _v1("VolumeAttachment", "volumeattachments", namespaced=False, subresources=(STATUS,)),
    _v1("VolumeAttributesClass", "volumeattributesclasses", namespaced=False, short_names=("vac",)),
)


def build(dependencies: Dependencies) -> Group:
    return Group("storage.k8s.io", 16800, (Version("v1", 15, _V1),))
