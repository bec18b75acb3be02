"""Every authorizer with every outcome, at real servers over TLS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.authorization import HEAD, Client, Hook, serving, webhook

USERS = {
    "admin": "system:masters", "hook-user": "dev", "hook-reader": "readers", "strict-reader": "readers",
    "system:node:n1": "system:nodes", "abac-user": "dev", "rbac-reader": "readers", "rbac-broken": "dev",
}
TOKENS = tuple(f"{name}-token,{name},{name}-uid,{group}" for name, group in USERS.items())
ABAC = {
    "apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy",
    "spec": {"user": "abac-user", "namespace": "ns", "resource": "configmaps", "apiGroup": "*", "readonly": True},
}
RBAC = "rbac.authorization.k8s.io"
CHAIN = "- {type: Node, name: node}\n- {type: ABAC, name: abac}\n- {type: RBAC, name: rbac}\n"


def decide(spec: Any) -> dict[str, Any] | int:
    """By the name of what is asked for. 403 is not tried again."""
    answers: dict[str, dict[str, Any] | int] = {
        "allow": {"allowed": True}, "deny": {"allowed": False, "denied": True, "reason": "the hook says no"},
        "nothing": {"allowed": False, "reason": "the hook does not know"}, "error": 403,
        "both": {"allowed": True, "denied": True},
    }
    return answers[spec["resourceAttributes"]["name"]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    folder = tmp_path_factory.mktemp("matrix")
    file, policies = folder / "authorization.yaml", folder / "policies.jsonl"
    policies.write_text(json.dumps(ABAC) + "\n")
    with serving(Hook(decide)) as hook:
        kubeconfig = hook.kubeconfig(folder / "kubeconfig")
        file.write_text(
            HEAD + webhook(kubeconfig, "request.user.startsWith('hook-')")
            + webhook(kubeconfig, "request.user.startsWith('strict-')", name="strict", policy="Deny") + CHAIN
        )
        flags = [f"--authorization-config={file}", f"--authorization-policy-file={policies}"]
        with TestServer(flags, tokens=TOKENS) as running:
            _bind(Client(running, "admin-token"))
            yield running


def _bind(admin: Client) -> None:
    """Readers may read config maps; a binding of one of them leads nowhere."""
    path = f"/apis/{RBAC}/v1"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    assert admin("POST", f"{path}/clusterroles", {"metadata": {"name": "reader"}, "rules": rules})[0] == 201
    for role, kind, subject in (("reader", "Group", "readers"), ("gone", "User", "rbac-broken")):
        binding = {
            "metadata": {"name": role}, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": RBAC, "kind": kind, "name": subject}],
        }
        assert admin("POST", f"{path}/clusterrolebindings", binding)[0] == 201


#: Nothing is stored: whoever may read gets 404.
ALLOWED, REFUSED, ERROR = 404, 403, 500


@pytest.mark.parametrize(("user", "name", "code", "text"), [
    ("admin", "x", ALLOWED, "not found"),
    ("hook-user", "allow", ALLOWED, "not found"), ("hook-user", "deny", REFUSED, ": the hook says no"),
    ("hook-user", "nothing", REFUSED, ": the hook does not know\\nNo policy matched."),
    ("hook-user", "error", ERROR, "the server answered with status 403"),
    ("hook-reader", "deny", REFUSED, ": the hook says no"), ("hook-reader", "nothing", ALLOWED, "not found"),
    ("hook-reader", "error", ALLOWED, "not found"),
    ("hook-reader", "both", ERROR, "webhook subject access review returned both allow and deny response"),
    ("strict-reader", "allow", ALLOWED, "not found"), ("strict-reader", "nothing", ALLOWED, "not found"),
    ("strict-reader", "error", ERROR, "the server answered with status 403"),
    ("system:node:n1", "x", REFUSED, "no relationship found between node 'n1' and this object"),
    ("abac-user", "x", ALLOWED, "not found"), ("rbac-reader", "x", ALLOWED, "not found"),
    ("rbac-broken", "x", REFUSED, f'RBAC: clusterrole.{RBAC} \\"gone\\" not found'),
])
def test_a_chain(server: TestServer, user: str, name: str, code: int, text: str) -> None:
    answer = Client(server, f"{user}-token").text("GET", f"/api/v1/namespaces/ns/configmaps/{name}")
    assert (answer[0], text in answer[1]) == (code, True), answer


@pytest.mark.parametrize(("user", "path", "code"), [
    ("system:node:n1", "/api/v1/services", 200), ("system:node:n1", "/api/v1/nodes", 403),
    ("abac-user", "/api/v1/namespaces/other/configmaps", 403), ("rbac-reader", "/api/v1/namespaces/ns/configmaps", 403),
    ("rbac-reader", "/api/v1/namespaces/ns/secrets/x", 403), ("rbac-reader", "/healthz", 200),
])
def test_no_opinion_is_no(server: TestServer, user: str, path: str, code: int) -> None:
    assert Client(server, f"{user}-token").text("GET", path)[0] == code


@pytest.mark.parametrize(("modes", "code", "text"), [
    ("AlwaysAllow", ALLOWED, "not found"), ("AlwaysDeny", REFUSED, ": Everything is forbidden."),
    ("AlwaysDeny,AlwaysAllow", ALLOWED, "not found"),
])
def test_without_looking(tmp_path: Path, modes: str, code: int, text: str) -> None:
    with TestServer([f"--authorization-mode={modes}"], tokens=TOKENS) as running:
        answer = Client(running, "rbac-reader-token").text("GET", "/api/v1/namespaces/ns/configmaps/x")
        assert (answer[0], text in answer[1]) == (code, True), answer
        assert Client(running, "admin-token").text("GET", "/api/v1/namespaces/ns/configmaps/x")[0] == ALLOWED
