from typing import Any

import pytest

from pilothouse.admission.plugins.podreferences import api_reference


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **source}]}


def projected(*sources: dict[str, Any]) -> dict[str, Any]:
    return volume(projected={"sources": list(sources)})


@pytest.mark.parametrize(("spec", "text"), [
    ({}, ""), (volume(hostPath={"path": "/"}), ""), (volume(emptyDir={}), ""), (volume(image={}), ""),
    ({"serviceAccountName": "sa"}, "serviceaccounts"), ({"imagePullSecrets": [{"name": "s"}]}, "secrets"),
    ({"imagePullSecrets": [{"name": ""}]}, ""), ({"resourceClaims": [{"name": "r"}]}, "resourceclaims"),
    ({"containers": [{"envFrom": [{"configMapRef": {"name": "c"}}]}]}, "configmaps"),
    ({"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "c"}}}]}]}, "configmaps"),
    ({"ephemeralContainers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "s"}}}]}]}, "secrets"),
    (volume(configMap={"name": "c"}), "configmaps"), (volume(configMap={}), "configmaps (via configmap volumes)"),
    (volume(secret={"secretName": "s"}), "secrets"), (volume(secret={}), "secrets (via secret volumes)"),
    (volume(csi={"driver": "d"}), "csidrivers (via CSI volumes)"),
    (volume(glusterfs={"endpoints": "e"}), "endpoints (via glusterFS volumes)"),
    (volume(persistentVolumeClaim={"claimName": "c"}), "persistentvolumeclaims"),
    (volume(ephemeral={}), "persistentvolumeclaims (via ephemeral volumes)"),
    (volume(azureFile={"secretName": ""}), "secrets (via azureFile volumes)"),
    (projected({"downwardAPI": {}}), ""), (projected({"configMap": {}}), "configmaps (via projected volumes)"),
    (projected({"secret": {}}), "secrets (via projected volumes)"),
    (projected({"downwardAPI": {}}, {"serviceAccountToken": {"path": "t"}}), "serviceaccounts (via projected volumes)"),
    (projected({"clusterTrustBundle": {}}), "clustertrustbundles"),
    (projected({"podCertificate": {}}), "podcertificates"),
])
def test_what_a_pod_refers_to(spec: dict[str, Any], text: str) -> None:
    assert api_reference(spec) == text


def test_volumes_of_unknown_kinds() -> None:
    with pytest.raises(ValueError, match='unknown volume type for volume  "v"'):
        api_reference(volume(new={}))
    with pytest.raises(ValueError, match='unknown source for projected volume "v"'):
        api_reference(projected({}))
