"""Fields of pods that no gate lets in, and what is made of old annotations (upstream: pkg/api/pod DropDisabled…).

The gates behind these fields are off and cannot be turned on, so that no stored pod has them either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilothouse.registry.core.pod_annotation_validation import APP_ARMOR, app_armor_profile

Object = dict[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
#: Gates ClusterTrustBundleProjection and PodCertificateRequest.
_PROJECTIONS = ("clusterTrustBundle", "podCertificate")


def drop_disabled_fields(spec: Object | None) -> None:
    """In place, of a pod or of a pod template."""
    if not spec:
        return
    for volume in spec.get("volumes") or ():
        projected = volume.get("projected")
        for source in (projected.get("sources") if projected else None) or ():
            for name in _PROJECTIONS:
                source.pop(name, None)
    # gate GenericWorkload
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
