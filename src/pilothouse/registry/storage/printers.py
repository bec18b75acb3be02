"""Table cells of the storage.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import NONE, UNSET, Obj, TablePrinter, age, name

_DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class",
)


def _csi_driver(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    tokens = spec.get("tokenRequests")
    return [
        name(obj), spec.get("attachRequired", True), spec.get("podInfoOnMount", False),
        spec.get("storageCapacity", False),
        UNSET if tokens is None else ",".join(t.get("audience", "") for t in tokens),
        spec.get("requiresRepublish", False), ",".join(spec.get("volumeLifecycleModes") or ()) or NONE, age(obj, now),
    ]


def _csi_node(obj: Obj, now: float) -> list[Any]:
    return [name(obj), len(obj.get("spec", {}).get("drivers") or ()), age(obj, now)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    annotations = obj["metadata"].get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    return [
        name(obj) + (" (default)" if default else ""), obj.get("provisioner", ""), obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"), obj.get("allowVolumeExpansion", False), age(obj, now),
    ]


def _volume_attachment(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    return [
        name(obj), spec.get("attacher", ""), spec.get("source", {}).get("persistentVolumeName") or "",
        spec.get("nodeName", ""), obj.get("status", {}).get("attached", False), age(obj, now),
    ]


def _volume_attributes_class(obj: Obj, now: float) -> list[Any]:
    return [name(obj), obj.get("driverName", ""), age(obj, now)]


PRINTERS = {
    resource: TablePrinter(__package__, resource, cells)
    for resource, cells in (
        ("csidrivers", _csi_driver),
        ("csinodes", _csi_node),
        ("storageclasses", _storage_class),
        ("volumeattachments", _volume_attachment),
        ("volumeattributesclasses", _volume_attributes_class),
    )
}
