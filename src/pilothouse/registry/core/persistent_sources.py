"""Checks of the sources of persistent volumes (upstream: pkg/apis/core/validation, ValidatePersistentVolumeSpec).

Where a source's fields are a pod volume's, its check is the one in `volume_sources`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import byte_length, is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.core import volume_sources as sources
from pilothouse.registry.core.paths import is_without_backsteps
from pilothouse.registry.rules import Check, Errors, Obj, matching, member, required, required_matching, within

_ONE_ONLY: Final = "may not specify more than 1 volume type"
_TOO_LONG: Final = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)
_SECRETS: Final = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)


def validate_sources(spec: Obj, name: str) -> Errors:
    """One source, and what is wrong with it; of several, the first in upstream's order is looked at.

    `name` is the volume's.
    """
    given = [key for key in _SOURCES if key in spec]
    if not given:
        return (field.required("", "must specify a volume type"),)
    errors: list[Error] = []
    for i, key in enumerate(given):
        path, surplus, check = _SOURCES[key]
        # upstream forgets to count a flexVolume that comes second: kept
        if i and key != "flexVolume":
            errors.append(field.forbidden(surplus, _ONE_ONLY))
            continue
        errors += within(path, check(spec[key], name))
        if key == "local" and spec.get("nodeAffinity") is None:
            errors.append(field.required("nodeAffinity", "Local volume requires node affinity"))
    return errors


def _iscsi(source: Obj, name: str) -> Errors:
    portal = source.get("targetPortal") or ""
    errors = [*required(source, "targetPortal")]
    if source.get("initiatorName") is not None and byte_length(f"{name}:{portal}") > 64:
        errors.append(field.invalid("targetportal", portal, _TOO_LONG))
    qualified, initiator = sources.persistent_iscsi_names(source)
    return [*errors, *qualified, *sources.iscsi_common(source), *sources.secret_name(source), *initiator]


def _glusterfs(source: Obj) -> Errors:
    errors = [*required(source, "endpoints"), *required(source, "path")]
    namespace = source.get("endpointsNamespace")
    if namespace == "":
        text = "if the endpointnamespace is set, it must be a valid namespace name"
        return [*errors, field.invalid("endpointsNamespace", "", text)]
    return errors if namespace is None else [*errors, *matching(source, "endpointsNamespace", is_dns1123_label)]


def _cinder(source: Obj) -> Errors:
    return [*required(source, "volumeID"), *_secret(source)]


def _secret(source: Obj) -> Errors:
    return member(source, "secretRef", lambda ref: [*required(ref, "name"), *required(ref, "namespace")])


def _azure_file(source: Obj) -> Errors:
    errors = [*required(source, "secretName"), *required(source, "shareName")]
    return [*errors, field.required("secretNamespace")] if source.get("secretNamespace") == "" else errors


def _local(source: Obj) -> Errors:
    return required_matching(source, "path", is_without_backsteps)


def _storage_os(source: Obj) -> Errors:
    errors = [*required_matching(source, "volumeName", is_dns1123_label)]
    if source.get("volumeNamespace"):
        errors += matching(source, "volumeNamespace", is_dns1123_label)
    return [*errors, *_secret(source)]


def _csi(source: Obj) -> Errors:
    errors = [*within("driver", sources.csi_driver_name(source.get("driver") or "")), *required(source, "volumeHandle")]
    for name in _SECRETS:
        errors += member(source, name, _csi_secret)
    return errors


def _csi_secret(reference: Obj) -> Errors:
    return [
        *required_matching(reference, "name", is_dns1123_subdomain),
        *required_matching(reference, "namespace", is_dns1123_label),
    ]


def _plain(check: Check) -> Callable[[Obj, str], Errors]:
    return lambda source, name: check(source)


#: By field: the path of its errors, the path where it is refused as a second source, and its check (source, name of
#: the volume). In upstream's order, and with upstream's slips in the paths.
_SOURCES: Final = {
    key: (at or key, surplus or key, check)
    for key, at, surplus, check in (
        ("hostPath", "", "", _plain(sources.host_path)),
        ("gcePersistentDisk", "persistentDisk", "", _plain(sources.persistent_disk("pdName"))),
        ("awsElasticBlockStore", "", "", _plain(sources.persistent_disk("volumeID"))),
        ("glusterfs", "", "", _plain(_glusterfs)),
        ("flocker", "", "", _plain(sources.flocker)),
        ("nfs", "", "", _plain(sources.nfs)),
        ("rbd", "", "", _plain(sources.requiring("monitors", "image"))),
        ("quobyte", "", "", _plain(sources.quobyte)),
        ("cephfs", "", "cephFS", _plain(sources.requiring("monitors"))),
        ("iscsi", "", "", _iscsi),
        ("cinder", "", "", _plain(_cinder)),
        ("fc", "", "", _plain(sources.fibre_channel)),
        ("flexVolume", "", "", _plain(sources.flex_volume)),
        ("azureFile", "", "", _plain(_azure_file)),
        ("vsphereVolume", "", "", _plain(sources.requiring("volumePath"))),
        ("photonPersistentDisk", "", "", _plain(sources.requiring("pdID"))),
        ("portworxVolume", "", "", _plain(sources.requiring("volumeID"))),
        ("azureDisk", "", "", _plain(sources.azure_disk)),
        ("scaleIO", "", "", _plain(sources.requiring("gateway", "system", "volumeName"))),
        ("local", "", "", _plain(_local)),
        ("storageos", "", "", _plain(_storage_os)),
        ("csi", "", "", _plain(_csi)),
    )
}

SOURCES: Final = tuple(_SOURCES)
"""The fields of a spec of which one says what the volume is."""
