"""Validation of the volumes of pods (upstream: pkg/apis/core/validation ValidateVolumes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import byte_length, is_dns1123_label, is_dns1123_subdomain
from pilothouse.registry.core import volume_sources as sources
from pilothouse.registry.core.claim_validation import validate_claim_template
from pilothouse.registry.core.downward_validation import validate_downward_volume
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.projected_validation import keys_of, validate_projected
from pilothouse.registry.rules import NONE, Check, Errors, Obj, required_one_of, within

SourceCheck = Callable[[Any, PodRules], Errors]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_ISCSI_NAME = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)


def validate_volumes(
    volumes: Sequence[Obj], metadata: Obj | None, rules: PodRules
) -> tuple[dict[str, Obj], Errors]:
    """The volumes without error, by name, and the errors. `metadata` is the pod's (or template's), if there is one."""
    errors: list[Error] = []
    good: dict[str, Obj] = {}
    pod = (metadata or {}).get("name") or ""
    claims = {f"{pod}-{v.get('name') or ''}" for v in volumes if pod and "ephemeral" in v}
    for i, volume in enumerate(volumes):
        found = _volume(volume, pod, rules)
        name = volume.get("name") or ""
        if name in good:
            found = [*found, field.duplicate("name", name)]
        if found:
            errors += within(f"[{i}]", found)
        else:
            good[name] = volume
        if claims and (claim := (volume.get("persistentVolumeClaim") or {}).get("claimName")) in claims:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(field.invalid(f"[{i}].persistentVolumeClaim.claimName", claim, text))
    return good, errors


def _volume(volume: Obj, pod: str, rules: PodRules) -> Errors:
    name = volume.get("name") or ""
    errors = [*_sources(volume, rules)]
    if "iscsi" in volume:
        errors += _iscsi_name(name, volume["iscsi"])
    if pod and name and "ephemeral" in volume and next(key for key in _SOURCES if key in volume) == "ephemeral":
        errors += _claim_name(name, pod)
    if not name:
        errors.append(field.required("name"))
    elif texts := is_dns1123_label(name):
        errors += [field.invalid("name", name, text) for text in texts]
    return errors


def _sources(volume: Obj, rules: PodRules) -> Errors:
    """One source, and what is wrong with it. Of several, only the first in upstream's order is looked at."""
    given = [key for key in volume if key in _SOURCES]
    if len(given) == 1:
        path, _, check = _SOURCES[given[0]]
        found = check(volume[given[0]], rules)
        return within(path, found) if found else NONE
    if not given:
        return (field.required("", "must specify a volume type"),)
    first, *others = (key for key in _SOURCES if key in volume)
    path, _, check = _SOURCES[first]
    surplus = [field.forbidden(_SOURCES[key][1], "may not specify more than 1 volume type") for key in others]
    return [*within(path, check(volume[first], rules)), *surplus]


def _iscsi_name(name: str, source: Obj) -> Errors:
    portal = source.get("targetPortal") or ""
    if source.get("initiatorName") is None or byte_length(f"{name}:{portal}") <= 64:
        return NONE
    return (field.invalid("name", name, _ISCSI_NAME),)


def _claim_name(name: str, pod: str) -> Errors:
    claim = f"{pod}-{name}"
    shown = field.go_quote(claim)
    return [field.invalid("name", name, f"PVC name {shown}: {text}") for text in is_dns1123_subdomain(claim)]


def _empty_dir(source: Obj, rules: PodRules) -> Errors:
    limit = source.get("sizeLimit")
    if limit is None or not str(limit).startswith("-"):
        return NONE
    return (field.forbidden("sizeLimit", "SizeLimit field must be a valid resource quantity"),)


def _ephemeral(source: Obj, rules: PodRules) -> Errors:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return (field.required("volumeClaimTemplate"),)
    return within("volumeClaimTemplate", validate_claim_template(template))


def _image(source: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    if rules.is_pod and not source.get("reference"):
        errors.append(field.required("reference"))
    return [*errors, *required_one_of(source, "pullPolicy", PULL_POLICIES)]


def _plain(check: Check) -> SourceCheck:
    return lambda source, rules: check(source)



#: By field: the path of its errors, the path where it is refused as a second source, and its check. In upstream's
#: order, and with upstream's slips in the paths.
_SOURCES: dict[str, tuple[str, str, SourceCheck]] = {
    key: (at or key, surplus or key, check)
    for key, at, surplus, check in (
        ("emptyDir", "", "", _empty_dir),
        ("hostPath", "", "", _plain(sources.host_path)),
        ("gitRepo", "", "", _plain(sources.git_repo)),
        ("gcePersistentDisk", "persistentDisk", "", _plain(sources.persistent_disk("pdName"))),
        ("awsElasticBlockStore", "", "", _plain(sources.persistent_disk("volumeID"))),
        ("secret", "", "", _plain(keys_of("secretName"))),
        ("nfs", "", "", _plain(sources.nfs)),
        ("iscsi", "", "", _plain(sources.iscsi)),
        ("glusterfs", "", "", _plain(sources.requiring("endpoints", "path"))),
        ("flocker", "", "", _plain(sources.flocker)),
        ("persistentVolumeClaim", "", "", _plain(sources.requiring("claimName"))),
        ("rbd", "", "", _plain(sources.requiring("monitors", "image"))),
        ("cinder", "", "", _plain(sources.cinder)),
        ("cephfs", "", "cephFS", _plain(sources.requiring("monitors"))),
        ("quobyte", "", "", _plain(sources.quobyte)),
        ("downwardAPI", "", "downwarAPI", _plain(validate_downward_volume)),
        ("fc", "", "", _plain(sources.fibre_channel)),
        ("flexVolume", "", "", _plain(sources.flex_volume)),
        ("configMap", "", "", _plain(keys_of("name"))),
        ("azureFile", "", "", _plain(sources.requiring("secretName", "shareName"))),
        ("vsphereVolume", "", "", _plain(sources.requiring("volumePath"))),
        ("photonPersistentDisk", "", "", _plain(sources.requiring("pdID"))),
        ("portworxVolume", "", "", _plain(sources.requiring("volumeID"))),
        ("azureDisk", "", "", _plain(sources.azure_disk)),
        ("storageos", "", "", _plain(sources.storage_os)),
        ("projected", "", "", validate_projected),
        ("scaleIO", "", "", _plain(sources.requiring("gateway", "system", "volumeName"))),
        ("csi", "", "", _plain(sources.csi)),
        ("ephemeral", "", "", _ephemeral),
        ("image", "", "", _image),
    )
}
