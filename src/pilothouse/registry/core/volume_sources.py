"""Checks of single volume sources, those of pods (upstream: pkg/apis/core/validation validate…VolumeSource).

Each takes the source's dict. Persistent volumes share most of them.
"""

from __future__ import annotations

import re

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import byte_length, is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.core.paths import is_descending_path, is_without_backsteps
from pilothouse.registry.rules import (
    NONE,
    Check,
    Errors,
    Obj,
    in_range,
    matching,
    one_of,
    required,
    required_matching,
    within,
)

_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)
_INITIATORS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)\Z", re.ASCII).search,
    "eui": re.compile(r"\Aeui.[a-zA-Z0-9]{16}\Z").search,
    "naa": re.compile(r"\Anaa.[a-zA-Z0-9]{32}\Z").search,
}
_INVALID_FORMAT = "must be valid format"
_UNKNOWN_FORMAT = "must be valid format starting with iqn, eui, or naa"
_HOST_PORTS = "must be a host:port pair or multiple pairs separated by commas"
_CACHING_MODES = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS = ("Dedicated", "Managed", "Shared")
_MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def requiring(*names: str) -> Check:
    """A source in which nothing matters but that `names` are set."""

    def check(source: Obj) -> Errors:
        return [field.required(name) for name in names if not source.get(name)]

    return check


def host_path(source: Obj) -> Errors:
    if not source.get("path"):
        return (field.required("path"),)
    errors = [*matching(source, "path", is_without_backsteps)]
    if source.get("type") is not None:
        errors += one_of(source, "type", _HOST_PATH_TYPES)
    return errors


def git_repo(source: Obj) -> Errors:
    return [*required(source, "repository"), *matching(source, "directory", is_descending_path)]


def persistent_disk(name: str) -> Check:
    """A cloud disk: GCE's and AWS's differ in the name of the disk's field."""

    def check(source: Obj) -> Errors:
        errors = [*required(source, name)]
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            # 0 is none at all; upstream's text speaks of the others
            errors.append(field.invalid("partition", partition, "must be between 1 and 255, inclusive"))
        return errors

    return check


def nfs(source: Obj) -> Errors:
    errors = [*required(source, "server"), *required(source, "path")]
    path = source.get("path") or ""
    if not path.startswith("/"):
        errors.append(field.invalid("path", path, "must be an absolute path"))
    return errors


def iscsi(source: Obj) -> Errors:
    errors = [*required(source, "targetPortal")]
    if not source.get("iqn"):
        errors.append(field.required("iqn"))
    else:
        errors += _initiator("iqn", source["iqn"], _UNKNOWN_FORMAT)
    errors += iscsi_common(source)
    if (initiator := source.get("initiatorName")) is not None:
        errors += _initiator("initiatorname", initiator, _UNKNOWN_FORMAT)
    return errors


def iscsi_common(source: Obj) -> Errors:
    errors = [*in_range(source, "lun", 0, 255)]
    authenticated = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if authenticated and source.get("secretRef") is None:
        errors.append(field.required("secretRef"))
    return errors


def _initiator(path: str, name: str, unknown: str) -> Errors:
    is_format = _INITIATORS.get(name[:3])
    if is_format is None:
        return (field.invalid(path, name, unknown),)
    return NONE if is_format(name) else (field.invalid(path, name, _INVALID_FORMAT),)


def persistent_iscsi_names(source: Obj) -> tuple[Errors, Errors]:
    """What persistent volumes say of (iqn, initiatorName), which is a little less."""
    iqn, initiator = source.get("iqn"), source.get("initiatorName")
    return (
        _initiator("iqn", iqn, _INVALID_FORMAT) if iqn else (field.required("iqn"),),
        NONE if initiator is None else _initiator("initiatorname", initiator, _INVALID_FORMAT),
    )


def fibre_channel(source: Obj) -> Errors:
    names, ids, lun = source.get("targetWWNs"), source.get("wwids"), source.get("lun")
    errors: list[Error] = []
    if not names and not ids:
        errors.append(field.required("targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if names and ids:
        text = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(field.invalid("targetWWNs", names, text))
    if names:
        if lun is None:
            errors.append(field.required("lun", "lun is required if targetWWNs is specified"))
        else:
            errors += in_range(source, "lun", 0, 255)
    return errors


def quobyte(source: Obj) -> Errors:
    errors: list[Error] = []
    registry = source.get("registry")
    if not registry:
        errors.append(field.required("registry", _HOST_PORTS))
    elif byte_length(source.get("tenant") or "") >= 65:
        errors.append(field.required("tenant", "must be a UUID and may not exceed a length of 64 characters"))
    else:
        bad = (pair for pair in registry.split(",") if not _is_host_port(pair))
        errors += [field.invalid("registry", registry, _HOST_PORTS) for _ in bad]
    return [*errors, *required(source, "volume")]


def _is_host_port(text: str) -> bool:
    """Go's net.SplitHostPort."""
    host, colon, port = text.rpartition(":")
    if not colon or "[" in port or "]" in port:
        return False
    if host.startswith("["):
        return host.endswith("]") and "[" not in host[1:] and "]" not in host[1:-1]
    return not any(c in host for c in ":[]")


def flocker(source: Obj) -> Errors:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID")
    errors: list[Error] = []
    if not name and not uuid:
        errors.append(field.required("", "one of datasetName and datasetUUID is required"))
    if name and uuid:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(field.invalid("", "resource", text))
    if "/" in name:
        errors.append(field.invalid("datasetName", name, "must not contain '/'"))
    return errors


def cinder(source: Obj) -> Errors:
    return [*required(source, "volumeID"), *secret_name(source)]


def secret_name(source: Obj) -> Errors:
    """The reference to a secret in the pod's namespace, if there is one, names it."""
    reference = source.get("secretRef")
    return NONE if reference is None or reference.get("name") else (field.required("secretRef.name"),)


def flex_volume(source: Obj) -> Errors:
    errors = [*required(source, "driver")]
    for key in source.get("options") or ():
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(field.invalid(field.key("options", key), key, text))
    return errors


def azure_disk(source: Obj) -> Errors:
    errors = [*required(source, "diskName"), *required(source, "diskURI")]
    uri, kind = source.get("diskURI") or "", source.get("kind")
    if source.get("cachingMode") is not None:
        errors += one_of(source, "cachingMode", _CACHING_MODES)
    if kind is not None:
        errors += one_of(source, "kind", _DISK_KINDS)
        if kind == "Managed" and not uri.startswith("/subscriptions/"):
            errors.append(field.not_supported("diskURI", uri, (_MANAGED_DISK,)))
        if kind != "Managed" and not uri.startswith("https://"):
            errors.append(field.not_supported("diskURI", uri, (_BLOB_DISK,)))
    return errors


def storage_os(source: Obj) -> Errors:
    errors = [*required_matching(source, "volumeName", is_dns1123_label)]
    if source.get("volumeNamespace"):
        errors += matching(source, "volumeNamespace", is_dns1123_label)
    return [*errors, *secret_name(source)]


def csi_driver_name(name: str) -> Errors:
    """A check of the name itself, where it stands."""
    if not name:
        return (field.required(""),)
    errors = [field.too_long("", 63)] if byte_length(name) > 63 else []
    return errors + [field.invalid("", name, text) for text in is_dns1123_subdomain(name.lower())]


def csi(source: Obj) -> Errors:
    errors = [*within("driver", csi_driver_name(source.get("driver") or ""))]
    reference = source.get("nodePublishSecretRef")
    if reference is not None:
        name = reference.get("name")
        if not name:
            errors.append(field.required("nodePublishSecretRef.name"))
        else:
            errors += [field.invalid("name", name, text) for text in is_dns1123_subdomain(name)]
    return errors
