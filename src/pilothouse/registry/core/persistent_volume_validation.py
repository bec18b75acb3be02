"""Validation of persistent volumes (upstream: core/validation ValidatePersistentVolume, volume/validation)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_label_value
from pilothouse.registry.core.amounts import is_positive_amount, parsed
from pilothouse.registry.core.claim_validation import VOLUME_MODES, access_modes
from pilothouse.registry.core.persistent_sources import SOURCES, validate_sources
from pilothouse.registry.core.scheduling_validation import validate_node_selector
from pilothouse.registry.internal import internal, internal_diff
from pilothouse.registry.node_labels import DEPRECATED
from pilothouse.registry.rules import (
    NO_FIELDS,
    NONE,
    Errors,
    Obj,
    forbidden,
    matching,
    one_of,
    required,
    required_matching,
    within,
)

STORAGE_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")
_INLINE: Final = "in the context of inline volumes"
_TAKE_MOUNT_OPTIONS: Final = (
    "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs",
    "azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk",
)
#: Labels of nodes that an affinity may be rewritten to.
_SUCCESSORS: Final[Mapping[str, str]] = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
_DEPRECATED_ANNOTATIONS: Final = (
    (STORAGE_CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead'),
    (_MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead'),
)
_DEPRECATED_SOURCES: Final = (
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
)
_RECYCLE: Final = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach "
    "is to use dynamic provisioning."
)


def validate_volume(volume: Obj, old: Obj | None = None) -> Errors:
    """`old` is the stored volume: label values in its affinity may stay malformed."""
    spec = volume.get("spec") or NO_FIELDS
    errors = within("spec", validate_volume_spec(spec, volume["metadata"].get("name") or "", old))
    return [*errors, *_mount_options(volume, spec)]


def validate_volume_update(volume: Obj, old: Obj) -> Errors:
    spec, before = volume.get("spec") or NO_FIELDS, old.get("spec") or NO_FIELDS
    errors: list[Error] = []
    if found := validate_volume(volume, old):
        # upstream looks twice, and reports all but the mount options again
        errors += found
        errors += within("spec", validate_volume_spec(spec, volume["metadata"].get("name") or "", old))
    errors += _source_stays(spec, before)
    mode = spec.get("volumeMode")
    if mode != before.get("volumeMode"):
        errors.append(field.invalid("volumeMode", mode, IMMUTABLE))
    affinity, stored = spec.get("nodeAffinity"), before.get("nodeAffinity")
    if stored is not None and not _is_same_affinity(affinity, stored):
        shown = internal("*core.VolumeNodeAffinity", affinity)
        errors.append(
            field.invalid("nodeAffinity", shown, f"{IMMUTABLE}, except for updating from beta label to GA")
        )
    if before.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        text = "update from non-nil value to nil is forbidden"
        errors.append(field.forbidden("spec.volumeAttributesClassName", text))
    return errors


def validate_volume_spec(spec: Obj, name: str, old: Obj | None = None, *, inline: bool = False) -> Errors:
    """`name` is the volume's; `inline`: the spec stands in a VolumeAttachment."""
    errors: list[Error] = []
    if inline:
        errors += forbidden(spec, "claimRef", f"may not be specified {_INLINE}")
        if spec.get("capacity"):
            errors.append(field.forbidden("capacity", f"may not be specified {_INLINE}"))
        errors += required(spec, "csi", f"has to be specified {_INLINE}") if spec.get("csi") is None else NONE
    errors += [*required(spec, "accessModes"), *access_modes(spec.get("accessModes") or ())]
    if not inline:
        errors += _capacity(spec.get("capacity"))
    errors += _reclaim_policy(spec, inline)
    errors += _affinity(spec.get("nodeAffinity"), old, inline)
    errors += validate_sources(spec, name)
    root = "hostPath" in spec and posixpath.normpath(spec["hostPath"].get("path") or "").lstrip("/") == ""
    if root and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(field.forbidden("persistentVolumeReclaimPolicy", text))
    return [*errors, *_classes_and_mode(spec, inline)]


def _capacity(capacity: Mapping[str, str] | None) -> Errors:
    errors = [] if capacity else [field.required("capacity")]
    if not capacity or set(capacity) != {"storage"}:
        errors.append(field.not_supported("capacity", capacity, ("storage",)))
    for resource, amount in (capacity or NO_FIELDS).items():
        where = field.key("capacity", resource)
        if (value := parsed(amount).value()) < 0:
            errors.append(field.invalid(where, value, "must be a valid resource quantity"))
        errors += [field.invalid(where, amount, text) for text in is_positive_amount(amount)]
    return errors


def _reclaim_policy(spec: Obj, inline: bool) -> Errors:
    policy = spec.get("persistentVolumeReclaimPolicy")
    if not policy:
        return NONE
    if not inline:
        return one_of(spec, "persistentVolumeReclaimPolicy", _RECLAIM_POLICIES)
    if policy == "Retain":
        return NONE
    return (field.forbidden("persistentVolumeReclaimPolicy", f"may only be Retain {_INLINE}"),)


def _affinity(affinity: Obj | None, old: Obj | None, inline: bool) -> Errors:
    if affinity is None:
        return NONE
    if inline:
        return (field.forbidden("nodeAffinity", f"may not be specified {_INLINE}"),)
    wanted = affinity.get("required")
    if wanted is None:
        return (field.required("nodeAffinity.required", "must specify required node constraints"),)
    any_value = old is not None and _has_invalid_values((old.get("spec") or NO_FIELDS).get("nodeAffinity"))
    return within("nodeAffinity.required", validate_node_selector(wanted, any_value=any_value))


def _terms(affinity: Obj | None) -> Sequence[Obj]:
    return ((affinity or NO_FIELDS).get("required") or NO_FIELDS).get("nodeSelectorTerms") or ()


def _has_invalid_values(affinity: Obj | None) -> bool:
    return any(
        is_label_value(value)
        for term in _terms(affinity)
        for expression in term.get("matchExpressions") or ()
        for value in expression.get("values") or ()
    )


def _classes_and_mode(spec: Obj, inline: bool) -> Errors:
    errors: list[Error] = []
    if spec.get("storageClassName"):
        if inline:
            errors.append(field.forbidden("storageClassName", f"may not be specified {_INLINE}"))
        else:
            errors += matching(spec, "storageClassName", is_dns1123_subdomain)
    mode = spec.get("volumeMode")
    if mode is not None and not inline:
        errors += one_of(spec, "volumeMode", VOLUME_MODES)
    elif mode not in (None, "Filesystem"):
        text = f"may not specify volumeMode other than Filesystem {_INLINE}"
        errors.append(field.forbidden("volumeMode", text))
    if spec.get("volumeAttributesClassName") is not None and not inline:
        errors += required_matching(
            spec, "volumeAttributesClassName", is_dns1123_subdomain, "an empty string is disallowed"
        )
        if "csi" not in spec:
            errors.append(field.required("csi", "has to be specified when using volumeAttributesClassName"))
    return errors


def _mount_options(volume: Obj, spec: Obj) -> Errors:
    """The older way to give them is not for every kind of volume."""
    if _MOUNT_OPTIONS not in (volume["metadata"].get("annotations") or ()):
        return NONE
    if any(source in spec for source in _TAKE_MOUNT_OPTIONS):
        return NONE
    text = "may not specify mount options for this volume type"
    return (field.forbidden(f"metadata.annotations.{_MOUNT_OPTIONS}", text),)


def _source_stays(spec: Obj, old: Obj) -> Errors:
    source, before = ({key: s[key] for key in SOURCES if key in s} for s in (spec, old))
    expands = "controllerExpandSecretRef"
    if "csi" in source and expands in source["csi"] and expands not in before.get("csi", {expands: None}):
        # the secret may be added later
        source["csi"] = {key: value for key, value in source["csi"].items() if key != expands}
    if source == before:
        return NONE
    diff = internal_diff("core.PersistentVolumeSource", before, source)
    text = f"spec.persistentvolumesource is immutable after creation\n{diff}"
    return (field.forbidden("spec.persistentvolumesource", text),)


def _is_same_affinity(affinity: Obj | None, old: Obj) -> bool:
    if affinity is None or (affinity.get("required") is None) != (old.get("required") is None):
        return False
    terms, before = _terms(affinity), _terms(old)
    return len(terms) == len(before) and all(
        _is_same_term(term, stored) for term, stored in zip(terms, before, strict=True)
    )


def _is_same_term(term: Obj, old: Obj) -> bool:
    for name in ("matchExpressions", "matchFields"):
        expressions, before = term.get(name) or (), old.get(name) or ()
        if len(expressions) != len(before):
            return False
        for expression, stored in zip(expressions, before, strict=True):
            renamed = _SUCCESSORS.get(stored.get("key") or "") == expression.get("key")
            if expression != ({**stored, "key": expression.get("key")} if renamed else stored):
                return False
    return True


def volume_warnings(volume: Obj) -> list[str]:
    spec, annotations = volume.get("spec") or NO_FIELDS, volume["metadata"].get("annotations") or NO_FIELDS
    warnings = [
        f"metadata.annotations[{key}]: {text}" for key, text in _DEPRECATED_ANNOTATIONS if key in annotations
    ]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        warnings.append(_RECYCLE)
    for i, term in enumerate(_terms(spec.get("nodeAffinity"))):
        where = f"spec.nodeAffinity.required.nodeSelectorTerms[{i}].matchExpressions"
        warnings += [
            f"{where}[{j}].key: {expression['key']} is {DEPRECATED[expression['key']]}"
            for j, expression in enumerate(term.get("matchExpressions") or ()) if expression.get("key") in DEPRECATED
        ]
    return warnings + [f"spec.{shown}: {text}" for key, shown, text in _DEPRECATED_SOURCES if key in spec]
