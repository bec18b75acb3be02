"""kubectl's commands that lean on field management, evictions and approvals (built-in kinds)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "%s"}
"""


def managers(kubectl: Kubectl, kind: str, name: str) -> dict[str, dict[str, Any]]:
    fields = kubectl.json("get", kind, name, "--show-managed-fields")["metadata"]["managedFields"]
    return {f"{entry['manager']} {entry['operation']}": entry["fieldsV1"] for entry in fields}


def test_server_side_apply_with_conflicts(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    assert list(managers(kubectl, "deployment", "web")) == ["kubectl Apply"]
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    refused = kubectl.fails(*other, stdin=DEPLOYMENT % (3, "nginx:1.27"))
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas' in refused
    assert "--force-conflicts" in refused
    kubectl(*other, "--force-conflicts", stdin=DEPLOYMENT % (3, "nginx:1.27"))
    owned = managers(kubectl, "deployment", "web")
    assert "f:replicas" in owned["other Apply"]["f:spec"]
    assert "f:replicas" not in owned["kubectl Apply"]["f:spec"]
    without = (DEPLOYMENT % (0, "nginx:1.27")).replace("  replicas: 0\n", "")
    kubectl("apply", "--server-side", "-f", "-", stdin=without)
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 3, "it is the other's now"
    kubectl(*other, stdin=without)
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 1, "what nobody owns is the default again"


def test_client_side_apply_becomes_server_side(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    assert list(managers(kubectl, "deployment", "web")) == ["kubectl-client-side-apply Update"]
    kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (4, "nginx:1.27"))
    # kubectl keeps its annotation under a manager of its own, for the way back
    assert set(managers(kubectl, "deployment", "web")) == {"kubectl Apply", "kubectl-last-applied Apply"}
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 4
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT % (5, "nginx:1.27"))
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 5


@pytest.mark.parametrize("flags", [(), ("--server-side",)], ids=["client", "server"])
def test_diff_says_what_an_apply_would_change(kubectl: Kubectl, flags: tuple[str, ...]) -> None:
    kubectl("apply", *flags, "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    same = kubectl.run("diff", *flags, "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    assert same.returncode == 0, same.stdout + same.stderr
    found = kubectl.run("diff", *flags, "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.28"))
    assert found.returncode == 1, found.stderr
    changed = [line.replace(" ", "") for line in found.stdout.splitlines() if line[:1] in "+-" and "image:nginx" in
               line.replace(" ", "")]
    assert changed == ["--image:nginx:1.27", "+-image:nginx:1.28"]
    assert kubectl.json("get", "deployment", "web")["metadata"]["generation"] == 1, "nothing was written"


def test_set_and_autoscale_own_what_they_set(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    kubectl("set", "image", "deployment/web", "nginx=nginx:1.28")
    owned = managers(kubectl, "deployment", "web")
    assert "kubectl-set Update" in owned
    assert "nginx:1.28" in kubectl("get", "deployment", "web", "-o", "wide")
    kubectl("autoscale", "deployment", "web", "--min=2", "--max=5", "--cpu=80%")
    scaler = kubectl.json("get", "hpa.v2.autoscaling", "web")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    kubectl("scale", "deployment", "web", "--replicas=4")
    scaled = kubectl.json("get", "deployment", "web", "--show-managed-fields")["metadata"]["managedFields"]
    assert [entry["manager"] for entry in scaled if entry.get("subresource") == "scale"] == ["kubectl"]


def _pod(name: str, node: str) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "set", "uid": "", "controller": True}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "x"}, "ownerReferences": [owner]},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "i"}]},
    }


def test_drain_evicts_as_budgets_allow(kubectl: Kubectl) -> None:
    node = f"node-{kubectl.namespace}"
    kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}))
    replicas = {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "set"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": {
            "metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]},
        }},
    }
    kubectl("create", "-f", "-", stdin=json.dumps(replicas))
    uid = kubectl.json("get", "rs", "set")["metadata"]["uid"]
    for name in ("one", "two"):
        pod = _pod(name, node)
        pod["metadata"]["ownerReferences"][0]["uid"] = uid
        kubectl("create", "-f", "-", stdin=json.dumps(pod))
        ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        kubectl("patch", "pod", name, "--subresource=status", "--type=merge", f"-p={json.dumps(ready)}")
    kubectl("create", "pdb", "budget", "--selector=app=x", "--min-available=1")
    allowed = {"status": {
        "observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2,
    }}
    kubectl("patch", "pdb", "budget", "--subresource=status", "--type=merge", f"-p={json.dumps(allowed)}")
    drained = kubectl.run("drain", node, "--force", "--timeout=3s")
    assert drained.returncode != 0
    assert "Cannot evict pod as it would violate the pod's disruption budget" in drained.stderr
    assert len(kubectl.json("get", "pods")["items"]) == 1, "the budget allowed one"
    assert kubectl.json("get", "node", node)["spec"]["unschedulable"] is True
    kubectl("patch", "pdb", "budget", "--subresource=status", "--type=merge",
            '-p={"status": {"disruptionsAllowed": 1, "disruptedPods": null}}')
    assert "drained" in kubectl("drain", node, "--force", "--timeout=30s")
    assert kubectl.json("get", "pods")["items"] == []
    kubectl("uncordon", node)
    kubectl("delete", "node", node)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_certificates_are_approved_and_denied(kubectl: Kubectl, decision: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    name = f"jane-{decision}-{kubectl.namespace}"
    kubectl("create", "-f", "-", stdin=json.dumps({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
            "signerName": "example.com/signer", "usages": ["client auth"],
        },
    }))
    made = kubectl.json("get", "csr", name)["spec"]
    assert (made["username"], "system:masters" in made["groups"]) == ("kubernetes-admin", True)
    kubectl("certificate", decision, name)
    status = kubectl.json("get", "csr", name)["status"]
    wanted = "Approved" if decision == "approve" else "Denied"
    assert [c["type"] for c in status["conditions"]] == [wanted]
    assert status["conditions"][0]["reason"] == f"Kubectl{'Approve' if decision == 'approve' else 'Deny'}"
    assert wanted in kubectl("get", "csr", name)
    kubectl("delete", "csr", name)


def test_an_apply_of_a_server_that_was_restarted_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with TestServer(data_dir=data) as server:
        Kubectl(server, "default", tmp_path)("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
    with TestServer(data_dir=data) as server:
        kubectl = Kubectl(server, "default", tmp_path)
        before = kubectl.json("get", "deployment", "web")["metadata"]["resourceVersion"]
        kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (2, "nginx:1.27"))
        assert kubectl.json("get", "deployment", "web")["metadata"]["resourceVersion"] == before
        kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT % (3, "nginx:1.27"))
        assert kubectl.json("get", "deployment", "web")["metadata"]["generation"] == 2
