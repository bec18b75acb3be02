"""Defaults of volumes, in pods and as persistent volumes (upstream: pkg/apis/core/v1/zz_generated.defaults.go)."""

from collections.abc import Callable
from typing import Any

from pilothouse.registry.core.images import pull_policy
from pilothouse.registry.core.quantities import round_up

Object = dict[str, Any]


def default_volume(volume: Object) -> None:
    """One of a pod's volumes. Without any source it is an emptyDir."""
    sources = [name for name in volume if name != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for name in sources:
        default = _SOURCES.get(name)
        if default is not None:
            default(volume[name])


def default_claim_spec(spec: Object) -> None:
    """A PersistentVolumeClaim's spec, or that of a claim template."""
    spec.setdefault("volumeMode", "Filesystem")
    resources = spec.get("resources")
    if resources:
        round_up(resources.get("limits"))
        round_up(resources.get("requests"))


def default_persistent_source(spec: Object) -> None:
    """The source that stands in a PersistentVolumeSpec."""
    for name in _PERSISTENT_SOURCES:
        if name in spec:
            _SOURCES[name](spec[name])


def _mode(source: Object) -> None:
    source.setdefault("defaultMode", 0o644)


def _host_path(source: Object) -> None:
    source.setdefault("type", "")


def _texts(**defaults: str) -> Callable[[Object], None]:
    """Defaults for text fields that count "" as unset."""

    def default(source: Object) -> None:
        for name, value in defaults.items():
            if not source.get(name):
                source[name] = value

    return default


def _field_refs(items: list[Object] | None) -> None:
    for item in items or ():
        ref = item.get("fieldRef")
        if ref is not None and not ref.get("apiVersion"):
            ref["apiVersion"] = "v1"


def _downward_api(source: Object) -> None:
    _mode(source)
    _field_refs(source.get("items"))


def _projected(source: Object) -> None:
    _mode(source)
    for projection in source.get("sources") or ():
        if "downwardAPI" in projection:
            _field_refs(projection["downwardAPI"].get("items"))
        if "serviceAccountToken" in projection:
            projection["serviceAccountToken"].setdefault("expirationSeconds", 3600)


def _azure_disk(source: Object) -> None:
    source.setdefault("cachingMode", "ReadWrite")
    source.setdefault("fsType", "ext4")
    source.setdefault("readOnly", False)
    source.setdefault("kind", "Shared")


def _ephemeral(source: Object) -> None:
    template = source.get("volumeClaimTemplate")
    if template is not None:
        default_claim_spec(template.setdefault("spec", {}))


def _image(source: Object) -> None:
    if not source.get("pullPolicy"):
        source["pullPolicy"] = pull_policy(source.get("reference") or "")


_SOURCES: dict[str, Callable[[Object], None]] = {
    "hostPath": _host_path,
    "secret": _mode,
    "configMap": _mode,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "iscsi": _texts(iscsiInterface="default"),
    "rbd": _texts(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "azureDisk": _azure_disk,
    "scaleIO": _texts(storageMode="ThinProvisioned", fsType="xfs"),
    "ephemeral": _ephemeral,
    "image": _image,
}
_PERSISTENT_SOURCES = ("hostPath", "rbd", "iscsi", "azureDisk", "scaleIO")
