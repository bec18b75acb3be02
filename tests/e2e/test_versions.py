"""A server with every version turned on, as kubectl sees it."""

import json
from collections.abc import Iterator

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl
from tests.e2e.test_components import Component
from tests.properties.valid import stub_request

GATES = ("ClusterTrustBundle", "GenericWorkload", "PodCertificateRequest", "StorageVersionMigrator")
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    flags = [
        "--runtime-config=api/all=true", f"--feature-gates={','.join(f'{gate}=true' for gate in GATES)}",
        "--storage-backend=memory", "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
    ]
    with TestServer(flags, data_dir=tmp_path_factory.mktemp("versions")) as running:
        yield running


@pytest.fixture(scope="module")
def kubectl(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(server, "default", tmp_path_factory.mktemp("home"))


def test_discovery(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources")
    for expected in (
        "certificates.k8s.io/v1beta1", "coordination.k8s.io/v1beta1", "internal.apiserver.k8s.io/v1alpha1",
        "resource.k8s.io/v1alpha3", "scheduling.k8s.io/v1alpha2", "storagemigration.k8s.io/v1beta1",
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


CERTIFICATE_REQUEST = f"""
apiVersion: certificates.k8s.io/v1beta1
kind: PodCertificateRequest
metadata: {{name: r}}
spec:
  signerName: example.com/s
  podName: p
  podUID: p-uid
  serviceAccountName: sa
  serviceAccountUID: sa-uid
  nodeName: n1
  nodeUID: n1-uid
  stubPKCS10Request: {stub_request()}
"""
CERTIFIED_POD = """
apiVersion: v1
kind: Pod
metadata: {name: certified}
spec:
  containers: [{name: c, image: i}]
  volumes:
  - name: v
    projected:
      sources:
      - podCertificate: {signerName: example.com/s, keyType: ED25519, credentialBundlePath: bundle.pem}
"""


def test_certificates_of_pods(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CERTIFIED_POD)
    volumes = kubectl.json("get", "pod", "certified")["spec"]["volumes"]
    assert volumes[0]["projected"]["sources"][0]["podCertificate"]["keyType"] == "ED25519"
    kubectl("create", "-f", "-", stdin=CERTIFICATE_REQUEST)
    assert "Pending" in kubectl("get", "podcertificaterequests", "--field-selector=spec.podName=p,spec.nodeName=n1")
    denied = {"type": "Denied", "status": "True", "reason": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    patch = json.dumps({"status": {"conditions": [{**denied, "message": ""}]}})
    kubectl("patch", "podcertificaterequests", "r", "--subresource=status", "--type=merge", f"--patch={patch}")
    assert "Denied" in kubectl("get", "podcertificaterequests", "r")
    assert "create" in kubectl("get", "clusterrole", "system:node", "-o", "yaml").partition("podcertificaterequests")[2]


def test_nodes_ask_for_certificates_of_their_pods(
    server: TestServer, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nodes = [
        Component(server, tmp_path_factory.mktemp(name), f"system:node:{name}", "system:nodes") for name in ("n1", "n2")
    ]
    kubectl("create", "-f", "-", stdin="{apiVersion: v1, kind: Node, metadata: {name: n1}}")
    on_node = {"spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "on-n1"}, **on_node}
    kubectl("create", "-f", "-", stdin=json.dumps(pod))
    uids = {
        f"{kind}UID": kubectl.json("get", kind.lower(), name)["metadata"]["uid"]
        for kind, name in (("pod", "on-n1"), ("serviceAccount", "default"), ("node", "n1"))
    }
    spec = {
        "signerName": "example.com/s", "podName": "on-n1", "serviceAccountName": "default", "nodeName": "n1",
        "stubPKCS10Request": stub_request(), **uids,
    }
    path = "/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests"
    try:
        codes = [node.call("POST", path, {"metadata": {"name": "mine"}, "spec": spec})[0] for node in reversed(nodes)]
        assert codes == [403, 201]
        assert [node.call("GET", f"{path}/mine")[0] for node in nodes] == [200, 403]
        code, own = nodes[0].call("GET", f"{path}?fieldSelector=spec.nodeName%3Dn1,spec.podName%3Don-n1")
        assert (code, [item["metadata"]["name"] for item in own["items"]]) == (200, ["mine"])
    finally:
        for node in nodes:
            node.close()


WORKLOAD = """
apiVersion: scheduling.k8s.io/v1alpha2
kind: Workload
metadata: {name: training}
spec:
  podGroupTemplates:
  - name: workers
    schedulingPolicy: {gang: {minCount: 2}}
"""
POD_GROUP = """
apiVersion: scheduling.k8s.io/v1alpha2
kind: PodGroup
metadata: {name: workers}
spec:
  podGroupTemplateRef: {workload: {workloadName: training, podGroupTemplateName: workers}}
  schedulingPolicy: {gang: {minCount: 2}}
---
apiVersion: v1
kind: Pod
metadata: {name: worker}
spec:
  schedulingGroup: {podGroupName: workers}
  containers: [{name: c, image: i}]
"""


def test_pods_in_groups(kubectl: Kubectl) -> None:
    refused = kubectl.run("create", "-f", "-", stdin=POD_GROUP).stderr
    assert '"workers" is forbidden: PodGroup rejected: Workload "training" not found' in refused
    kubectl("apply", "-f", "-", stdin=WORKLOAD)
    kubectl("apply", "-f", "-", stdin=POD_GROUP)
    group = kubectl.json("get", "podgroup", "workers")
    assert group["metadata"]["finalizers"] == ["scheduling.k8s.io/podgroup-protection"]
    assert group["spec"]["disruptionMode"] == "Pod"
    assert kubectl("get", "podgroup", "workers").split()[5:9] == ["workers", "Gang", "training", "Pending"]
    assert kubectl.json("get", "pod", "worker")["spec"]["schedulingGroup"] == {"podGroupName": "workers"}
    patch = '--patch={"spec":{"schedulingPolicy":{"gang":{"minCount":3}}}}'
    changed = kubectl.run("patch", "podgroup", "workers", "--type=merge", patch).stderr
    assert "spec.schedulingPolicy: Invalid value: null: field is immutable" in changed
