"""Defaults of storage.k8s.io/v1 (upstream: pkg/apis/storage/v1/defaults.go)."""

from typing import Any

from pilothouse.registry.core.quantities import round_up
from pilothouse.registry.core.volume_defaults import default_persistent_source

Object = dict[str, Any]


def default_storage_class(storage_class: Object) -> None:
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def default_csi_driver(driver: Object) -> None:
    spec = driver.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    spec.setdefault("podInfoOnMount", False)
    spec.setdefault("storageCapacity", False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    spec.setdefault("requiresRepublish", False)
    spec.setdefault("seLinuxMount", False)


def default_volume_attachment(attachment: Object) -> None:
    inline = ((attachment.get("spec") or {}).get("source") or {}).get("inlineVolumeSpec")
    if inline:
        default_persistent_source(inline)
        round_up(inline.get("capacity"))
