"""Validation of CSI drivers, their nodes and volume attachments (upstream: pkg/apis/storage/validation)."""

from __future__ import annotations

from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import byte_length, in_range_error, is_dns1123_subdomain, is_qualified_name
from pilothouse.registry.core.persistent_volume_validation import validate_volume_spec
from pilothouse.registry.core.volume_sources import csi_driver_name
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import (
    Errors,
    Obj,
    go_struct,
    matching,
    member,
    non_negative,
    one_of,
    required,
    within,
)

_GROUP_POLICIES: Final = ("File", "None", "ReadWriteOnceWithFSType")
_LIFECYCLE_MODES: Final = ("Persistent", "Ephemeral")
_LEAST_EXPIRATION: Final = 600
_MOST_EXPIRATION: Final = 1 << 32
_LEAST_UPDATE_PERIOD: Final = 10
_MOST_NODE_ID: Final = 256
_MOST_METADATA: Final = 256 * 1024
_MOST_MESSAGE: Final = 1024
_ONE_SOURCE: Final = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


# CSIDrivers


def validate_driver(driver: Obj) -> Errors:
    spec = driver.get("spec") or {}
    tokens = spec.get("tokenRequests") or []
    errors = []
    # upstream's path says "attached": kept
    for name, path in (("attachRequired", "attachedRequired"), ("podInfoOnMount", ""), ("storageCapacity", "")):
        if spec.get(name) is None:
            errors.append(field.required(path or name))
    if spec.get("fsGroupPolicy") is not None:
        errors += one_of(spec, "fsGroupPolicy", _GROUP_POLICIES)
    errors += within("tokenRequests", _validate_token_requests(tokens))
    errors += [
        field.not_supported("volumeLifecycleModes", mode, _LIFECYCLE_MODES)
        for mode in spec.get("volumeLifecycleModes") or () if mode not in _LIFECYCLE_MODES
    ]
    if spec.get("seLinuxMount") is None:
        errors.append(field.required("seLinuxMount"))
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < _LEAST_UPDATE_PERIOD:
        text = f"must be greater than or equal to {_LEAST_UPDATE_PERIOD} seconds"
        errors.append(field.invalid("nodeAllocatableUpdatePeriodSeconds", period, text))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not tokens:
        text = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(field.invalid("serviceAccountTokenInSecrets", in_secrets, text))
    return within("spec", errors)


def validate_driver_update(driver: Obj, old: Obj) -> Errors:
    new, before = driver.get("spec") or {}, old.get("spec") or {}
    errors = [*validate_driver(driver)]
    for name, path in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
        if new.get(name) != before.get(name):
            errors.append(field.invalid(f"spec.{path}", new.get(name), IMMUTABLE))
    return errors


def _validate_token_requests(requests: list[Obj]) -> Errors:
    errors = []
    audiences = set()
    for i, request in enumerate(requests):
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in audiences:
            errors.append(field.duplicate(f"[{i}].audience", audience))
            continue
        audiences.add(audience)
        if seconds is not None and seconds < _LEAST_EXPIRATION:
            text = "may not specify a duration less than 10 minutes"
            errors.append(field.invalid(f"[{i}].expirationSeconds", seconds, text))
        if seconds is not None and seconds > _MOST_EXPIRATION:
            text = "may not specify a duration larger than 2^32 seconds"
            errors.append(field.invalid(f"[{i}].expirationSeconds", seconds, text))
    return errors


# CSINodes


def validate_node(node: Obj) -> Errors:
    drivers = (node.get("spec") or {}).get("drivers") or ()
    errors: list[field.Error] = []
    names = set()
    for i, driver in enumerate(drivers):
        name = driver.get("name") or ""
        path = f"spec.drivers[{i}]"
        errors += within(path, _validate_node_driver(driver))
        if name in names:
            errors.append(field.duplicate(f"{path}.name", name))
        names.add(name)
        errors += within(path, _validate_topology_keys(driver.get("topologyKeys") or []))
    return errors


def validate_node_update(node: Obj, old: Obj) -> Errors:
    """Of a driver that stays, only the number of volumes may change."""
    new, before = ((o.get("spec") or {}).get("drivers") or () for o in (node, old))
    by_name: dict[str | None, list[Obj]] = {}
    for driver in new:
        by_name.setdefault(driver.get("name"), []).append(driver)
    return [*validate_node(node), *(
        field.invalid("spec.drivers", _shown_driver(driver), IMMUTABLE)
        for was in before for driver in by_name.get(was.get("name"), ())
        if _shown_driver(was) != _shown_driver(driver)
    )]


def _shown_driver(driver: Obj) -> dict[str, Any]:
    return {**go_struct(driver, Name="", NodeID="", TopologyKeys=None), "Allocatable": None}


def _validate_node_driver(driver: Obj) -> Errors:
    node_id = driver.get("nodeID") or ""
    errors = [*within("name", csi_driver_name(driver.get("name") or "")), *required(driver, "nodeID")]
    if byte_length(node_id) > _MOST_NODE_ID:
        errors.append(field.invalid("nodeID", node_id, f"must be {_MOST_NODE_ID} characters or less"))
    return [*errors, *member(driver, "allocatable", lambda allocatable: non_negative(allocatable, "count"))]


def _validate_topology_keys(keys: list[str]) -> Errors:
    errors = []
    seen: set[str] = set()
    for key in keys:
        if not key:
            errors.append(field.required("", key))
        if key in seen:
            errors.append(field.duplicate("", key))
        seen.add(key)
        errors += [field.invalid("", key, text) for text in is_qualified_name(key)]
    return errors


# VolumeAttachments


def validate_attachment(attachment: Obj) -> Errors:
    spec, status = attachment.get("spec") or {}, attachment.get("status") or {}
    source = spec.get("source") or {}
    errors = [
        *within("spec.attacher", csi_driver_name(spec.get("attacher") or "")),
        *within("spec.source", _validate_source(source)),
        *within("spec", matching(spec, "nodeName", is_dns1123_subdomain)),
        *within("status", _validate_attachment_status(status)),
    ]
    if source.get("persistentVolumeName") is not None:
        errors += within("spec.source", matching(source, "persistentVolumeName", is_dns1123_subdomain))
    return errors


def validate_attachment_update(attachment: Obj, old: Obj) -> Errors:
    errors = [*validate_attachment(attachment)]
    if attachment.get("spec") != old.get("spec"):
        errors.append(field.invalid("spec", _shown_attachment(attachment.get("spec") or {}), IMMUTABLE))
    return errors


def _shown_attachment(spec: Obj) -> dict[str, Any]:
    source = spec.get("source") or {}
    return {**go_struct(spec, Attacher="", Source=None, NodeName=""), "Source": {
        "PersistentVolumeName": source.get("persistentVolumeName"),
        "InlineVolumeSpec": internal("*core.PersistentVolumeSpec", source.get("inlineVolumeSpec")),
    }}


def _validate_source(source: Obj) -> Errors:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if name is None and inline is None:
        return (field.required("", _ONE_SOURCE),)
    if name is not None and inline is not None:
        return (field.forbidden("", _ONE_SOURCE),)
    if name == "":
        return (field.required("persistentVolumeName", "must specify non empty persistentVolumeName"),)
    return member(source, "inlineVolumeSpec", lambda spec: validate_volume_spec(spec, "", inline=True))


def _validate_attachment_status(status: Obj) -> Errors:
    errors: list[field.Error] = []
    metadata = status.get("attachmentMetadata") or {}
    if sum(byte_length(k) + byte_length(v) for k, v in metadata.items()) > _MOST_METADATA:
        errors.append(field.too_long("attachmentMetadata", _MOST_METADATA))
    return [
        *errors, *member(status, "attachError", _validate_volume_error),
        *member(status, "detachError", _validate_volume_error),
    ]


def _validate_volume_error(error: Obj) -> Errors:
    errors: list[field.Error] = []
    if byte_length(error.get("message") or "") > _MOST_MESSAGE:
        # upstream names the limit of the attachment's metadata: kept
        errors.append(field.too_long("message", _MOST_METADATA))
    code = error.get("errorCode")
    if code is not None and code < 0:
        errors.append(field.invalid("errorCode", code, in_range_error(0, (1 << 31) - 1)))
    return errors
