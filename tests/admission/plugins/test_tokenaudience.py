from typing import Any

import pytest

from pilothouse.admission.plugins.tokenaudience import audience_error
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.user import User
from tests.admission.support import World, attributes, run

REFUSED = (
    'audience "aud" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience'
)
CLAIMS = GroupResource("", "persistentvolumeclaims")
VOLUMES = GroupResource("", "persistentvolumes")
DRIVERS = GroupResource("storage.k8s.io", "csidrivers")


def ask(*volumes: dict[str, Any], audiences: tuple[str, ...] = ("aud",), error: str = "") -> str:
    found: list[str] = []

    async def may(context: Context, audience: str, namespace: str, account: str) -> tuple[bool, str]:
        return False, error

    async def test(world: World) -> None:
        for name, source in (
            ("csi", {"csi": {"driver": "d"}}), ("disk", {"gcePersistentDisk": {"pdName": "x"}}),
            ("p-e", {"hostPath": {}}),
            ("file", {"azureFile": {"secretName": "s"}}), ("ebs", {"awsElasticBlockStore": {"volumeID": "aws://a/b"}}),
        ):
            await world.put(VOLUMES, {"metadata": {"name": name}, "spec": source})
            claim = {"metadata": {"name": name, "namespace": "ns"}, "spec": {"volumeName": name}}
            await world.put(CLAIMS, claim)
        for name in ("d", "pd.csi.storage.gke.io", "disk.csi.azure.com"):
            driver = {"metadata": {"name": name}, "spec": {"tokenRequests": [{"audience": "aud"}]}}
            await world.put(DRIVERS, driver)
        a = attributes(GroupResource("", "serviceaccounts"), {"metadata": {"name": "sa", "namespace": "ns"}})
        a.context.user = User("system:node:n1")
        pod = {"metadata": {"name": "p", "namespace": "ns"}, "spec": {
            "volumes": [{"name": "e", **volume} for volume in volumes],
        }}
        found.append(await audience_error(a, pod, audiences, world.lister, may))

    run(test)
    return found[0]


def claim(name: str) -> dict[str, Any]:
    return {"persistentVolumeClaim": {"claimName": name}}


def projected(**token: Any) -> dict[str, Any]:
    return {"projected": {"sources": [{"configMap": {}}, {"serviceAccountToken": token}]}}


def failing(text: str) -> str:
    return f'error validating audience "aud": {text}'


@pytest.mark.parametrize(("volumes", "text"), [
    ([], REFUSED), ([projected(audience="aud")], ""), ([projected(audience="other")], REFUSED),
    ([{"csi": {"driver": "d"}}], ""), ([claim("csi")], ""), ([claim("disk")], ""), ([{"emptyDir": {}}], REFUSED),
    ([{"azureDisk": {"kind": "Managed"}}], ""), ([{"ephemeral": {"volumeClaimTemplate": {}}}], REFUSED),
    ([claim("gone"), claim("csi")], ""),
    ([claim("gone")], failing('persistentvolumeclaim "gone" not found')),
    ([{"csi": {"driver": "e"}}], failing('csidriver.storage.k8s.io "e" not found')),
    ([claim("gone"), {"azureDisk": {"kind": "Shared"}}],
     failing('[persistentvolumeclaim "gone" not found, kind(Shared) is not supported in csi migration]')),
    ([claim("file")], failing("could not find a secret namespace in PersistentVolumeSource or ClaimRef")),
    ([claim("ebs")],
     failing("failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://a/b)")),
])
def test_audiences_of_volumes(volumes: list[dict[str, Any]], text: str) -> None:
    assert ask(*volumes) == text


def test_no_audience_is_the_servers_own() -> None:
    assert ask(projected(), audiences=()) == ""
    assert ask(audiences=("a", "b")) == "node may only request 0 or 1 audiences"


def test_an_authorizer_that_fails() -> None:
    assert ask(error="oops") == (
        'audience "aud" not found in pod spec volume, error authorizing system:node:n1 to request tokens for this '
        "audience: oops"
    )
