"""Whether a pod needs anything from the API to run (upstream: pkg/api/pod/util.go, HasAPIObjectReference)."""

from collections.abc import Iterator
from typing import Any, Final

from pilothouse.admission.plugins.pods import containers
from pilothouse.admission.plugins.serviceaccount import secret_names

_Object = dict[str, Any]
#: Volumes that need nothing, whatever else they say.
_INDEPENDENT: Final = (
    "awsElasticBlockStore", "azureDisk", "cephfs", "cinder", "downwardAPI", "emptyDir", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "gitRepo", "hostPath", "image", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume",
    "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)
_DEPENDENT: Final = {
    "configMap": "configmaps (via configmap volumes)", "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)", "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims", "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
_PROJECTED: Final = {
    "configMap": "configmaps (via projected volumes)", "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)", "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}


def api_reference(spec: _Object) -> str:
    """What the pod refers to, "" if to nothing. Raises ValueError for volumes of unknown kinds."""
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    if any(secret_names(spec)):
        return "secrets"
    if any(_config_map_names(spec)):
        return "configmaps"
    if spec.get("resourceClaims"):
        return "resourceclaims"
    return next(filter(None, map(_of_volume, spec.get("volumes") or ())), "")


def _config_map_names(spec: _Object) -> Iterator[str]:
    for container in containers(spec, "initContainers", "containers", "ephemeralContainers"):
        for source in container.get("envFrom") or ():
            yield (source.get("configMapRef") or {}).get("name", "")
        for env in container.get("env") or ():
            yield ((env.get("valueFrom") or {}).get("configMapKeyRef") or {}).get("name", "")
    for volume in spec.get("volumes") or ():
        yield (volume.get("configMap") or {}).get("name", "")
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield (source.get("configMap") or {}).get("name", "")


def _of_volume(volume: _Object) -> str:
    if any(volume.get(kind) is not None for kind in _INDEPENDENT):
        return ""
    for kind, text in _DEPENDENT.items():
        if volume.get(kind) is not None:
            return text
    projected = volume.get("projected")
    if projected is None:
        raise ValueError(f'unknown volume type for volume  "{volume.get("name", "")}"')
    for source in projected.get("sources") or ():
        found = next((text for kind, text in _PROJECTED.items() if source.get(kind) is not None), "")
        if found:
            return found
        if source.get("downwardAPI") is None:
            raise ValueError(f'unknown source for projected volume "{volume.get("name", "")}"')
    return ""
