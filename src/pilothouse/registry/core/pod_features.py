"""Fields of pods that no gate lets in, and what is made of old annotations (upstream: pkg/api/pod DropDisabled…).

Most gates behind these fields are off and cannot be turned on, so that no stored pod has them either. What came while a
gate was on may stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR, app_armor_profile
from pilothouse.registry.core.pod_rules import PodRules

Object = dict[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def drop_disabled_fields(spec: Object | None, old: Object | None, rules: PodRules) -> None:
    """In place, of a pod or of a pod template; `old` is the stored spec."""
    if not spec:
        return
    keeps_certificates = rules.pod_certificates or any("podCertificate" in source for source in _sources(old or {}))
    for source in _sources(spec):
        # gate ClusterTrustBundleProjection
        source.pop("clusterTrustBundle", None)
        if not keeps_certificates:
            source.pop("podCertificate", None)
    if not rules.scheduling_groups and not (old and "schedulingGroup" in old):
        spec.pop("schedulingGroup", None)
    for container in _containers(spec):
        lifecycle = container.get("lifecycle")
        # gate ContainerStopSignals
        if lifecycle and lifecycle.pop("stopSignal", None) is not None and not lifecycle:
            del container["lifecycle"]


def drop_disabled_status_fields(status: Object) -> None:
    for name in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for container in status.get(name) or ():
            for mount in container.get("volumeMounts") or ():
                # gate ImageVolumeWithDigest
                mount.pop("volumeStatus", None)
    # gate DRANodeAllocatableResources
    status.pop("nodeAllocatableResourceClaimStatuses", None)


def _sources(spec: Object) -> Iterator[Object]:
    """Of the projected volumes."""
    for volume in spec.get("volumes") or ():
        projected = volume.get("projected")
        yield from (projected.get("sources") if projected else None) or ()


def _containers(spec: Object) -> Iterator[Object]:
    for name in _CONTAINERS:
        yield from spec.get(name) or ()


def app_armor_fields(pod: Object) -> list[str]:
    """Says in fields what annotations of a new pod say of AppArmor; returns warnings (applyAppArmorVersionSkew)."""
    annotations, spec = pod["metadata"].get("annotations"), pod.get("spec") or {}
    if not annotations or (spec.get("os") or {}).get("name") == "windows":
        return []
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    warnings: list[str] = []
    for container in _containers(spec):
        key = APP_ARMOR + (container.get("name") or "")
        if key not in annotations or (container.get("securityContext") or {}).get("appArmorProfile") is not None:
            continue
        profile = app_armor_profile(annotations[key])
        if profile is not None and profile.get("localhostProfile", "").strip() != profile.get("localhostProfile", ""):
            profile = None
        if profile is not None and profile == own:
            continue
        if profile is not None:
            container["securityContext"] = {**(container.get("securityContext") or {}), "appArmorProfile": profile}
        text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
        warnings.append(f"metadata.annotations[{key}]: {text}")
    return warnings
