"""Kinds of storage.k8s.io (upstream: pkg/registry/storage)."""

from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import STATUS, Group, Kinds, Version, same_shape
from pilothouse.registry.storage import defaults
from pilothouse.registry.storage.printers import PRINTERS
from pilothouse.registry.storage.strategies import (
    CSIDriverStrategy,
    CSINodeStrategy,
    StorageCapacityStrategy,
    StorageClassStrategy,
    VolumeAttachmentStrategy,
    VolumeAttributesClassStrategy,
)

_v1 = Kinds("storage.k8s.io", "v1", "storage", PRINTERS)

_V1 = (
    _v1(
        "CSIDriver",
        "csidrivers",
        namespaced=False,
        strategy=CSIDriverStrategy(),
        default=defaults.default_csi_driver,
    ),
    _v1("CSINode", "csinodes", namespaced=False, strategy=CSINodeStrategy()),
    _v1("CSIStorageCapacity", "csistoragecapacities", strategy=StorageCapacityStrategy()),
    _v1(
        "StorageClass",
        "storageclasses",
        namespaced=False,
        short_names=("sc",),
        strategy=StorageClassStrategy(),
        default=defaults.default_storage_class,
    ),
    _v1(
        "VolumeAttachment",
        "volumeattachments",
        namespaced=False,
        subresources=(STATUS,),
        strategy=VolumeAttachmentStrategy(),
        default=defaults.default_volume_attachment,
    ),
    _v1(
        "VolumeAttributesClass",
        "volumeattributesclasses",
        namespaced=False,
        short_names=("vac",),
        strategy=VolumeAttributesClassStrategy(),
    ),
)

_V1BETA1 = tuple(same_shape(r, "v1beta1") for r in _V1 if r.kind == "VolumeAttributesClass")


def build(dependencies: Dependencies) -> Group:
    return Group("storage.k8s.io", 16800, (Version("v1", 15, _V1), Version("v1beta1", 9, _V1BETA1)))
