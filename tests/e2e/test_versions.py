"""A server with every version turned on, as kubectl sees it."""

from collections.abc import Iterator

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

BETA = """
apiVersion: resource.k8s.io/v1beta1
kind: ResourceClaim
metadata: {name: claim}
spec:
  devices:
    requests:
    - {name: gpu, deviceClassName: gpu.example.com}
"""
STABLE = """
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: claim}
spec:
  devices:
    requests:
    - {name: gpu, exactly: {deviceClassName: gpu.example.com}}
"""
CANDIDATE = """
apiVersion: coordination.k8s.io/v1beta1
kind: LeaseCandidate
metadata: {name: me}
spec: {leaseName: l, binaryVersion: 1.36.2, emulationVersion: 1.36.0, strategy: OldestEmulationVersion}
"""
RULE = """
apiVersion: resource.k8s.io/v1alpha3
kind: DeviceTaintRule
metadata: {name: bad-gpu}
spec:
  deviceSelector: {driver: gpu.example.com}
  taint: {key: example.com/broken, effect: NoExecute}
"""


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    flags = [
        "--runtime-config=api/all=true", "--feature-gates=ClusterTrustBundle=true,StorageVersionMigrator=true",
        "--storage-backend=memory",
    ]
    with TestServer(flags, data_dir=tmp_path_factory.mktemp("versions")) as server:
        yield Kubectl(server, "default", tmp_path_factory.mktemp("home"))


def test_discovery(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources")
    for expected in (
        "certificates.k8s.io/v1beta1", "coordination.k8s.io/v1beta1", "internal.apiserver.k8s.io/v1alpha1",
        "resource.k8s.io/v1alpha3", "storagemigration.k8s.io/v1beta1",
    ):
        assert expected in resources
    assert "resource.k8s.io/v1beta1" in kubectl("api-versions")
    assert "emulationVersion" in kubectl("explain", "leasecandidates.spec", "--api-version=coordination.k8s.io/v1beta1")


def test_one_claim_in_several_versions(kubectl: Kubectl) -> None:
    created = kubectl.run("apply", "-f", "-", stdin=BETA)
    assert "Warning: resource.k8s.io/v1beta1 ResourceClaim is deprecated in v1.35+" in created.stderr
    gauge = 'deprecated_apis{group="resource.k8s.io",removed_release="1.38",resource="resourceclaims"'
    assert gauge in kubectl("get", "--raw", "/metrics")
    request = kubectl.json("get", "resourceclaims.v1.resource.k8s.io", "claim")["spec"]["devices"]["requests"][0]
    assert request == {
        "name": "gpu",
        "exactly": {"deviceClassName": "gpu.example.com", "allocationMode": "ExactCount", "count": 1},
    }
    assert "configured" in kubectl("apply", "-f", "-", stdin=STABLE)
    assert "serverside-applied" in kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=STABLE)
    assert "serverside-applied" in kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=BETA)
    beta = kubectl.json("get", "resourceclaims.v1beta1.resource.k8s.io", "claim")["spec"]["devices"]["requests"][0]
    assert beta == {"name": "gpu", "deviceClassName": "gpu.example.com", "allocationMode": "ExactCount", "count": 1}


def test_kinds_that_are_beta_or_alpha_only(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CANDIDATE)
    assert "1.36.0" in kubectl("get", "leasecandidates.v1alpha2.coordination.k8s.io", "me")
    kubectl("create", "-f", "-", stdin=RULE)
    assert "NoExecute" in kubectl("get", "devicetaintrules.v1beta2.resource.k8s.io", "bad-gpu")
    kubectl("label", "devicetaintrules.v1beta2.resource.k8s.io", "bad-gpu", "seen=yes")
    found = kubectl.json("get", "devicetaintrules.v1alpha3.resource.k8s.io", "bad-gpu")
    assert found["metadata"]["labels"] == {"seen": "yes"}
    kubectl("delete", "devicetaintrules", "bad-gpu")
