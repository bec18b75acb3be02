"""A node at a real server with Node authorization and NodeRestriction, by kubectl."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.authorization import Client
from tests.e2e.conftest import Kubectl

TOKENS = ("admin-token,admin,1,system:masters", "node-token,system:node:n1,2,system:nodes")
FLAGS = ["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"]


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    with TestServer(FLAGS, tokens=TOKENS) as running:
        yield running


@pytest.fixture(scope="module")
def kubectl(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(server, "default", tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifests")


class Node:
    """kubectl as the node n1."""

    def __init__(self, kubectl: Kubectl, files: Path, client: Client) -> None:
        self._kubectl = kubectl
        self._client = client
        self._files = files

    def create(self, obj: Any, *flags: str) -> str:
        path = self._files / "object.json"
        path.write_text(json.dumps(obj))
        return self("create", "-f", str(path), "--validate=false", *flags)

    def put_status(self, path: str, **changes: dict[str, Any]) -> tuple[int, Any]:
        """As kubelets do; kubectl would read the subresource first, which nodes may not."""
        code, obj = self._client("GET", path)
        assert code == 200, obj
        for part, values in changes.items():
            obj[part].update(values)
        return self._client("PUT", f"{path}/status", obj)

    def __call__(self, *arguments: str) -> str:
        """What kubectl prints, errors included."""
        done = self._kubectl.with_token("node-token", *arguments)
        return f"{done.stdout}{done.stderr}".strip()


@pytest.fixture(scope="module")
def node(server: TestServer, kubectl: Kubectl, files: Path) -> Node:
    """The node has registered itself."""
    client = Node(kubectl, files, Client(server, "node-token"))
    labels = {"kubernetes.io/hostname": "n1", "node.kubernetes.io/mine": "x"}
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": labels}}
    assert client.create(made) == "node/n1 created"
    return client


def test_a_node_and_its_labels(node: Node) -> None:
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n2"}}
    assert 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"' in node.create(made)
    assert node("label", "node", "n1", "node.kubernetes.io/mine=y", "--overwrite") == "node/n1 labeled"
    assert node("label", "node", "n1", "node-role.kubernetes.io/master=") == (
        'Error from server (Forbidden): nodes "n1" is forbidden: is not allowed to modify labels: '
        "node-role.kubernetes.io/master"
    )
    patch = json.dumps({"spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]}})
    assert node("patch", "node", "n1", "-p", patch) == (
        'Error from server (Forbidden): nodes "n1" is forbidden: node "n1" is not allowed to modify taints'
    )
    code, made = node.put_status("/api/v1/nodes/n1", status={"addresses": [{"type": "Hostname", "address": "n1"}]})
    assert (code, made["status"]["addresses"]) == (200, [{"type": "Hostname", "address": "n1"}])


def test_mirror_pods_and_evictions(kubectl: Kubectl, node: Node) -> None:
    uid = kubectl.json("get", "node", "n1")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": uid, "controller": True}
    pod: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "mirror", "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [owner],
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
    }
    assert "UID mismatch" in node.create({**pod, "metadata": {
        **pod["metadata"], "ownerReferences": [{**owner, "uid": "x"}],
    }})
    assert 'pods "mirror" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation' in node.create(
        {**pod, "metadata": {"name": "mirror"}}
    )
    assert node.create(pod) == "pod/mirror created"
    path = "/api/v1/namespaces/default/pods/mirror"
    assert node.put_status(path, status={"phase": "Running"})[0] == 200
    code, refused = node.put_status(path, metadata={"labels": {"a": "b"}})
    assert (code, refused["message"]) == (
        403, 'pods "mirror" is forbidden: node "n1" cannot update labels through pod status'
    )
    assert "deleted" in node("delete", "pod", "mirror", "--force", "--grace-period=0", "--wait=false")


def test_tokens_are_for_its_pods(kubectl: Kubectl, node: Node) -> None:
    kubectl("create", "serviceaccount", "worker")
    for name, where in (("here", "n1"), ("there", "n2")):
        volume = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}
        kubectl("create", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "nodeName": where, "serviceAccountName": "worker", "containers": [{"name": "c", "image": "i"}],
                "volumes": [volume],
            },
        }))
    pods = {name: kubectl.json("get", "pod", name)["metadata"]["uid"] for name in ("here", "there")}

    def token(*flags: str) -> str:
        return node("create", "token", "worker", *flags)

    def bound(name: str) -> tuple[str, str, str]:
        return "--bound-object-kind=Pod", f"--bound-object-name={name}", f"--bound-object-uid={pods[name]}"

    assert "node requested token not bound to a pod" in token()
    assert "node requested token bound to a pod scheduled on a different node" in token(*bound("there"))
    assert token("--audience=vault", *bound("here")).count(".") == 2
    # the audience of the volume that the server itself adds
    assert token(*bound("here")).count(".") == 2
    assert (
        'audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this '
        "audience"
    ) in token("--audience=other", *bound("here"))
    rule = {"apiGroups": [""], "resources": ["other"], "verbs": ["request-serviceaccounts-token-audience"]}
    kubectl("create", "-f", "-", stdin=json.dumps({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "other"},
        "rules": [rule],
    }))
    kubectl("create", "clusterrolebinding", "other", "--clusterrole=other", "--group=system:nodes")
    assert token("--audience=other", *bound("here")).count(".") == 2


def test_what_is_named_after_the_node(node: Node) -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {}}
    for name, text in (
        ("n1", "lease.coordination.k8s.io/n1 created"),
        ("n2", "can only access node lease with the same name as the requesting node"),
    ):
        made = {**lease, "metadata": {"name": name, "namespace": "kube-node-lease"}}
        assert text in node.create(made, "--namespace=kube-node-lease")
    csi = {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "n2"}, "spec": {"drivers": []}}
    assert "can only access CSINode with the same name as the requesting node" in node.create(csi)
    slice = {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "s"},
        "spec": {"driver": "d.example.com", "nodeName": "n2", "pool": {"name": "p", "resourceSliceCount": 1}},
    }
    assert "can only create ResourceSlice with the same NodeName as the requesting node" in node.create(slice)
