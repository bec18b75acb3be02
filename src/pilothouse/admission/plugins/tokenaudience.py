"""For whom a node may have tokens of its pods: for the audiences that their volumes name
(upstream: plugin/pkg/admission/noderestriction, validateNodeServiceAccountAudience)."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pilothouse.admission.interface import Attributes, Lister
from pilothouse.apimachinery import status
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

#: Whether the context's user may have tokens of a service account for an audience:
#: (context, audience, namespace, account) -> (allowed, text of an error or "").
MayRequestAudience = Callable[["Context", str, str, str], Awaitable[tuple[bool, str]]]

_Object = Mapping[str, Any]
_CLAIMS: Final = GroupResource("", "persistentvolumeclaims")
_VOLUMES: Final = GroupResource("", "persistentvolumes")
_DRIVERS: Final = GroupResource("storage.k8s.io", "csidrivers")
#: The CSI drivers that took the place of volumes in the tree (upstream: csi-translation-lib).
_TRANSLATED: Final = {
    "gcePersistentDisk": "pd.csi.storage.gke.io", "awsElasticBlockStore": "ebs.csi.aws.com",
    "cinder": "cinder.csi.openstack.org", "azureDisk": "disk.csi.azure.com", "azureFile": "file.csi.azure.com",
    "vsphereVolume": "csi.vsphere.vmware.com", "portworxVolume": "pxd.portworx.com",
}
_EBS: Final = re.compile(r"aws://[^/]*/+vol-[^/]*/*")


async def audience_error(
    a: Attributes, pod: _Object, audiences: Sequence[str], lister: Lister, may: MayRequestAudience
) -> str:
    """Why the node must not have the token, or ""."""
    if len(audiences) > 1:
        return "node may only request 0 or 1 audiences"
    audience = audiences[0] if audiences else ""
    try:
        if _names_audience(pod, audience, lister):
            return ""
    except ValueError as e:
        return f"error validating audience {go_quote(audience)}: {e}"
    allowed, error = await may(a.context, audience, a.namespace, a.name)
    if allowed:
        return ""
    missing, user = f"audience {go_quote(audience)} not found in pod spec volume", a.context.user.name
    if error:
        return f"{missing}, error authorizing {user} to request tokens for this audience: {error}"
    return f"{missing}, {user} is not authorized to request tokens for this audience"


def _names_audience(pod: _Object, audience: str, lister: Lister) -> bool:
    """Raises ValueError when no volume does, and some could not be looked at."""
    errors: list[str] = []
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            token = source.get("serviceAccountToken")
            if token is not None and (token.get("audience") or "") == audience:
                return True
        try:
            driver = _driver(pod, volume, lister)
            if driver and _has_audience(driver, audience, lister):
                return True
        except ValueError as e:
            errors.append(str(e))
    if errors:
        raise ValueError(aggregate(errors))
    return False


def _driver(pod: _Object, volume: _Object, lister: Lister) -> str:
    """The CSI driver behind a volume of a pod, or "". Raises ValueError."""
    metadata = pod["metadata"]
    if (volume.get("ephemeral") or {}).get("volumeClaimTemplate") is not None:
        return _driver_of_claim(metadata["namespace"], f"{metadata['name']}-{volume.get('name', '')}", lister)
    if (claim := volume.get("persistentVolumeClaim")) is not None:
        return _driver_of_claim(metadata["namespace"], claim.get("claimName", ""), lister)
    if (csi := volume.get("csi")) is not None:
        return csi.get("driver") or ""
    return _translated(volume)


def _driver_of_claim(namespace: str, name: str, lister: Lister) -> str:
    claim = _get(lister, _CLAIMS, "persistentvolumeclaim", namespace, name)
    volume = _get(lister, _VOLUMES, "persistentvolume", "", (claim.get("spec") or {}).get("volumeName") or "")
    spec = volume.get("spec") or {}
    if (csi := spec.get("csi")) is not None:
        return csi.get("driver") or ""
    file = spec.get("azureFile")
    if file is not None:
        secret = file.get("secretNamespace")
        if not ((spec.get("claimRef") or {}).get("namespace") if secret is None else secret):
            raise ValueError("could not find a secret namespace in PersistentVolumeSource or ClaimRef")
    return _translated(spec)


def _translated(source: _Object) -> str:
    """The driver for a volume source in the tree, or "". Raises ValueError for one that no driver understands."""
    kind = (source.get("azureDisk") or {}).get("kind")
    if kind is not None and kind.lower() != "managed":
        raise ValueError(f"kind({kind}) is not supported in csi migration")
    ebs = (source.get("awsElasticBlockStore") or {}).get("volumeID") or ""
    if ebs.startswith("aws://") and not _EBS.fullmatch(ebs):
        raise ValueError(f"failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume ({ebs})")
    return next((driver for name, driver in _TRANSLATED.items() if source.get(name) is not None), "")


def _has_audience(driver: str, audience: str, lister: Lister) -> bool:
    found = _get(lister, _DRIVERS, "csidriver", "", driver)
    requests = (found.get("spec") or {}).get("tokenRequests") or ()
    return any((request.get("audience") or "") == audience for request in requests)


def _get(lister: Lister, resource: GroupResource, singular: str, namespace: str, name: str) -> _Object:
    found = lister.get(resource, namespace, name)
    if found is None:
        raise ValueError(status.not_found(GroupResource(resource.group, singular), name).message)
    return found
