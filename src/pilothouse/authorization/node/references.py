"""What pods and volumes refer to (upstream: pkg/api/v1/pod/util.go, pkg/api/v1/persistentvolume/util.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_SECRET_REFS = ("cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos")
#: Volumes whose secret is looked for in the claim's namespace when they name none.
_CLAIM_NAMESPACE = ("cephfs", "flexVolume", "rbd", "scaleIO", "iscsi")
_CSI_NODE_SECRETS = ("nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef")
MIRROR_POD = "kubernetes.io/config.mirror"


def is_mirror_pod(pod: Object) -> bool:
    return MIRROR_POD in ((pod.get("metadata") or {}).get("annotations") or {})


def pod_secrets(pod: Object) -> set[str]:
    """Names of the secrets in the pod's namespace that its node needs."""
    spec = pod.get("spec") or {}
    found = {reference.get("name") for reference in spec.get("imagePullSecrets") or ()}
    found.update(_from_environment(spec, "secretRef", "secretKeyRef"))
    for volume in spec.get("volumes") or ():
        found.add((volume.get("azureFile") or {}).get("secretName"))
        found.add((volume.get("secret") or {}).get("secretName"))
        found.add(((volume.get("csi") or {}).get("nodePublishSecretRef") or {}).get("name"))
        found.update(((volume.get(kind) or {}).get("secretRef") or {}).get("name") for kind in _SECRET_REFS)
        found.update(_projected(volume, "secret"))
    return _named(found)


def pod_config_maps(pod: Object) -> set[str]:
    spec = pod.get("spec") or {}
    found = set(_from_environment(spec, "configMapRef", "configMapKeyRef"))
    for volume in spec.get("volumes") or ():
        found.add((volume.get("configMap") or {}).get("name"))
        found.update(_projected(volume, "configMap"))
    return _named(found)


def pod_claims(pod: Object) -> set[str]:
    """Names of its persistent volume claims, those of ephemeral volumes included."""
    found = set()
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            found.add(claim.get("claimName"))
        elif volume.get("ephemeral") is not None:
            found.add(f"{pod['metadata']['name']}-{volume.get('name', '')}")
    return _named(found)


def pod_resource_claims(pod: Object) -> set[str]:
    """Names of its resource claims, as far as they have been made."""
    status = pod.get("status") or {}
    made = {entry.get("name"): entry.get("resourceClaimName") for entry in status.get("resourceClaimStatuses") or ()}
    found = {(status.get("extendedResourceClaimStatus") or {}).get("resourceClaimName")}
    for claim in (pod.get("spec") or {}).get("resourceClaims") or ():
        found.add(claim.get("resourceClaimName") or (
            made.get(claim.get("name")) if claim.get("resourceClaimTemplateName") else None
        ))
    return _named(found)


def volume_secrets(volume: Object) -> set[tuple[str, str]]:
    """(namespace, name) of the secrets of a persistent volume that kubelets need."""
    spec = volume.get("spec") or {}
    claim_namespace = (spec.get("claimRef") or {}).get("namespace") or ""
    found = set()
    if azure := spec.get("azureFile"):
        found.add((azure.get("secretNamespace") or claim_namespace, azure.get("secretName") or ""))
    for kind in _SECRET_REFS:
        if reference := (spec.get(kind) or {}).get("secretRef"):
            fallback = claim_namespace if kind in _CLAIM_NAMESPACE else ""
            found.add((reference.get("namespace") or fallback, reference.get("name") or ""))
    csi = spec.get("csi") or {}
    for name in _CSI_NODE_SECRETS:
        if reference := csi.get(name):
            found.add((reference.get("namespace") or "", reference.get("name") or ""))
    return {(namespace, name) for namespace, name in found if name}


def _from_environment(spec: Object, whole: str, key: str) -> Iterator[str | None]:
    for kind in _CONTAINERS:
        for container in spec.get(kind) or ():
            for source in container.get("envFrom") or ():
                yield (source.get(whole) or {}).get("name")
            for variable in container.get("env") or ():
                yield ((variable.get("valueFrom") or {}).get(key) or {}).get("name")


def _projected(volume: Object, kind: str) -> Iterator[str | None]:
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield (source.get(kind) or {}).get("name")


def _named(names: set[str | None]) -> set[str]:
    return {name for name in names if name}
