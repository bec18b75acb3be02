"""The kubeconfigs of kube-controller-manager, kube-scheduler and a node give exactly the rights of their roles."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pilothouse.controlplane import bootstrap
from pilothouse.testing.server import TestServer
from pilothouse.transport import certificates, kubeconfig
from pilothouse.transport.pki import Pair
from tests.e2e.conftest import Kubectl

POLICY = json.loads((Path(bootstrap.__file__).parent / "policy.json").read_bytes())
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
ACCESS_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#: Resources of which names matter, and the names.
NAMED = {
    "leases": ("", "kube-controller-manager", "kube-scheduler", "other"),
    "configmaps": ("", "extension-apiserver-authentication"),
}
#: What nodes may do here depends on the node and on what runs on it.
OF_NODES = frozenset((
    "secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "resourceclaims", "volumeattachments",
    "serviceaccounts", "leases", "csinodes", "resourceslices", "nodes", "pods", "podcertificaterequests",
))
Rule = Mapping[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    flags = ["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"]
    with TestServer(flags) as running:
        yield running


class Component:
    """One component with a kubeconfig of its own: a client certificate of the cluster's authority."""

    def __init__(self, server: TestServer, directory: Path, user: str, *groups: str) -> None:
        self.user = user
        self.groups = (*groups, "system:authenticated")
        pki = server.data_dir / "pki"
        authority = certificates.load_authority((pki / "ca.crt").read_bytes(), (pki / "ca.key").read_bytes())
        now = time.time()
        made = certificates.client(authority, user, groups, now - 60, now + 3600)
        pair = Pair(directory / "client.crt", directory / "client.key")
        pair.certificate.write_bytes(made[0])
        pair.key.write_bytes(made[1])
        self.kubeconfig = directory / "kubeconfig"
        kubeconfig.write(self.kubeconfig, url=server.url, authorities=server.ca_file.read_bytes(), client=pair)
        context = ssl.create_default_context(cafile=str(server.ca_file))
        context.load_cert_chain(pair.certificate, pair.key)
        self._connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        return answer.status, json.load(answer)

    def may(self, **attributes: str) -> bool:
        code, review = self.call("POST", ACCESS_REVIEW, {"spec": {"resourceAttributes": attributes}})
        assert code == 201, review
        return bool(review["status"]["allowed"])

    def resources(self) -> set[tuple[str, str, str]]:
        """(group, resource, subresource) of all that is served."""
        found = set()
        _, core = self.call("GET", "/api/v1")
        documents = [("", core)]
        _, groups = self.call("GET", "/apis")
        for group in groups["groups"]:
            for version in group["versions"]:
                documents.append((group["name"], self.call("GET", f"/apis/{version['groupVersion']}")[1]))
        for name, document in documents:
            for resource in document["resources"]:
                first, _, rest = resource["name"].partition("/")
                found.add((name, first, rest))
        return found

    def close(self) -> None:
        self._connection.close()


def rules_of(component: Component, namespace: str) -> list[Rule]:
    """The rules that the bootstrap policy gives somebody, in a namespace ("": everywhere)."""

    def concerns(binding: Any) -> bool:
        return any(
            (subject["kind"], subject["name"]) == ("User", component.user)
            or (subject["kind"] == "Group" and subject["name"] in component.groups)
            for subject in binding.get("subjects") or ()
        )

    found: list[Rule] = []
    for binding in POLICY["clusterrolebindings"]:
        if concerns(binding):
            found += _role("clusterroles", binding["roleRef"]["name"], None)
    for binding in POLICY["rolebindings"]:
        if concerns(binding) and binding["metadata"]["namespace"] == namespace:
            found += _role("roles", binding["roleRef"]["name"], namespace)
    return found


def _role(kind: str, name: str, namespace: str | None) -> list[Rule]:
    return [
        rule for role in POLICY[kind] for rule in role.get("rules") or ()
        if role["metadata"]["name"] == name and role["metadata"].get("namespace") == namespace
    ]


def allows(rule: Rule, group: str, resource: str, subresource: str, verb: str, name: str) -> bool:
    wanted = f"{resource}/{subresource}" if subresource else resource
    resources = rule.get("resources") or ()
    return (
        any(given in ("*", group) for given in rule.get("apiGroups") or ())
        and any(given in ("*", wanted) or given == f"*/{subresource}" for given in resources)
        and any(given in ("*", verb) for given in rule["verbs"])
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
    )


def check_all(component: Component, policy: Any, skip: frozenset[str] = frozenset()) -> int:
    """Compares every answer of the server with that of `policy`; returns how many were yes."""
    wrong, yes = [], 0
    for group, resource, subresource in sorted(component.resources()):
        if resource in skip:
            continue
        for verb in VERBS:
            for namespace in ("", "kube-system"):
                for name in NAMED.get(resource, ("",)):
                    wanted = policy(namespace, group, resource, subresource, verb, name)
                    got = component.may(
                        group=group, resource=resource, subresource=subresource, verb=verb, namespace=namespace,
                        name=name,
                    )
                    yes += got
                    if got != wanted:
                        wrong.append((group, resource, subresource, verb, namespace, name, got))
    assert wrong == []
    return yes


@pytest.mark.parametrize(("user", "allowed", "refused"), [
    (
        "system:kube-controller-manager",
        [("GET", "/api/v1/secrets"), ("GET", "/apis/apps/v1/deployments"), ("GET", "/api/v1/namespaces/kube-system")],
        [("DELETE", "/api/v1/namespaces/default"), ("DELETE", "/api/v1/namespaces/default/pods/x"),
         ("PUT", "/apis/apps/v1/namespaces/default/deployments/x"), ("GET", "/metrics")],
    ),
    (
        "system:kube-scheduler",
        [("GET", "/api/v1/nodes"), ("GET", "/api/v1/pods"), ("GET", "/apis/storage.k8s.io/v1/storageclasses")],
        [("GET", "/api/v1/secrets"), ("GET", "/apis/apps/v1/deployments"), ("DELETE", "/api/v1/nodes/x"),
         ("PUT", "/api/v1/namespaces/default/pods/x")],
    ),
])
def test_components_have_the_rights_of_their_roles(
    server: TestServer, tmp_path: Path, user: str, allowed: list[tuple[str, str]], refused: list[tuple[str, str]]
) -> None:
    component = Component(server, tmp_path, user)

    def policy(namespace: str, *asked: str) -> bool:
        return any(allows(rule, *asked) for rule in rules_of(component, namespace))

    try:
        assert check_all(component, policy) > 50
        for method, path in allowed:
            assert component.call(method, path)[0] == 200, path
        for method, path in refused:
            assert component.call(method, path, {} if method == "PUT" else None)[0] == 403, path
    finally:
        component.close()


def test_a_scheduler_binds_a_pod_and_keeps_its_lease(server: TestServer, tmp_path: Path) -> None:
    admin = Kubectl(server, "default", tmp_path)
    admin("create", "serviceaccount", "builder")
    admin("run", "job", "--image=x", "--overrides", json.dumps({"spec": {"serviceAccountName": "builder"}}))
    scheduler = Component(server, tmp_path, "system:kube-scheduler")
    try:
        binding = {"metadata": {"name": "job"}, "target": {"kind": "Node", "name": "n1"}}
        assert scheduler.call("POST", "/api/v1/namespaces/default/pods/job/binding", binding)[0] == 201
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
        made = {"metadata": {"name": "kube-scheduler"}, "spec": {"holderIdentity": "s", "leaseDurationSeconds": 15}}
        assert scheduler.call("POST", leases, made)[0] == 201
        assert scheduler.call("GET", f"{leases}/kube-scheduler")[0] == 200
        assert scheduler.call("DELETE", f"{leases}/kube-scheduler")[0] == 403
        path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
        assert scheduler.call("GET", path)[0] == 200
    finally:
        scheduler.close()


def test_a_node_has_the_rights_of_nodes(server: TestServer, tmp_path: Path) -> None:
    node = Component(server, tmp_path, "system:node:n1", "system:nodes")
    rules = [*_role("clusterroles", "system:node", None), *rules_of(node, "")]

    def policy(namespace: str, *asked: str) -> bool:
        return any(allows(rule, *asked) for rule in rules)

    try:
        assert check_all(node, policy, OF_NODES) > 20
        _try_as_node(node)
    finally:
        node.close()


def _try_as_node(node: Component) -> None:
    me = {"metadata": {"name": "n1"}}
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    for method, path, body, code in (
        ("POST", "/api/v1/nodes", me, 201), ("POST", "/api/v1/nodes", {"metadata": {"name": "n2"}}, 403),
        ("GET", "/api/v1/nodes/n1", None, 200), ("GET", "/api/v1/nodes/n2", None, 403),
        ("GET", "/api/v1/nodes", None, 403), ("DELETE", "/api/v1/nodes/n2", None, 403),
        ("GET", "/api/v1/pods", None, 403), ("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", None, 200),
        ("POST", lease, {"metadata": {"name": "n1"}, "spec": {}}, 201), ("GET", f"{lease}/n1", None, 200),
        ("GET", f"{lease}/n2", None, 403), ("GET", "/api/v1/services", None, 200),
        ("GET", "/api/v1/secrets", None, 403), ("GET", "/api/v1/namespaces/kube-system/secrets/x", None, 403),
        ("GET", "/api/v1/namespaces/default/configmaps", None, 403),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}}, 403),
        ("GET", "/apis/storage.k8s.io/v1/csidrivers", None, 200), ("GET", "/apis/apps/v1/deployments", None, 403),
    ):
        got, answer = node.call(method, path, body)
        assert got == code, (method, path, answer)


def test_kubectl_says_who_one_is(server: TestServer, tmp_path: Path) -> None:
    component = Component(server, tmp_path, "system:kube-controller-manager", "masters-of-nothing")
    component.close()
    kubectl = Kubectl(server, "default", tmp_path)
    whoami = json.loads(kubectl(f"--kubeconfig={component.kubeconfig}", "auth", "whoami", "-o", "json"))
    info = whoami["status"]["userInfo"]
    assert info["username"] == "system:kube-controller-manager"
    assert info["groups"] == ["masters-of-nothing", "system:authenticated"]
    assert info["extra"]["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")
    table = kubectl(f"--kubeconfig={component.kubeconfig}", "auth", "whoami")
    assert "Username" in table
    assert "[masters-of-nothing system:authenticated]" in table
    assert kubectl(f"--kubeconfig={component.kubeconfig}", "auth", "can-i", "list", "secrets", "-A").strip() == "yes"
