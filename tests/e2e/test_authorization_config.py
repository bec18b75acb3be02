"""--authorization-config of a real server: a webhook with conditions, reloads, what keeps it from starting."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import StartError, TestServer
from tests.e2e.authorization import HEAD, Client, Hook, serving, webhook
from tests.e2e.conftest import Kubectl

TOKENS = ("admin-token,admin,1,system:masters", "bob-token,bob,2,dev", "carol-token,carol,3,dev")
RBAC = "- {type: Node, name: node}\n- {type: RBAC, name: rbac}\n"


def decide(spec: Any) -> dict[str, Any]:
    """Everything is allowed but what is named "secret"."""
    if spec.get("resourceAttributes", {}).get("name") == "secret":
        return {"allowed": False, "denied": True, "reason": "it is secret"}
    return {"allowed": True}


class World:
    def __init__(self, server: TestServer, hook: Hook, file: Path, kubeconfig: Path) -> None:
        self.server = server
        self.hook = hook
        self.file = file
        self.kubeconfig = kubeconfig

    def client(self, token: str) -> Client:
        return Client(self.server, token)

    def metrics(self) -> str:
        return self.client("admin-token").text("GET", "/metrics")[1]

    def reloads(self, status: str) -> int:
        pattern = r"^apiserver_authorization_config_controller_automatic_reloads_total\{.*status=\"%s\"\} (\d+)$"
        found = re.search(pattern % status, self.metrics(), re.MULTILINE)
        return int(found[1]) if found else 0

    def write(self, authorizers: str, status: str) -> None:
        """Replace the file, and wait until the server has seen that."""
        before = self.reloads(status)
        self.file.write_text(HEAD + authorizers)
        until(lambda: self.reloads(status) > before)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def chain(kubeconfig: Path, *conditions: str, policy: str = "NoOpinion") -> str:
    return webhook(kubeconfig, *conditions, policy=policy) + RBAC


CONFIG_MAPS = "has(request.resourceAttributes) && request.resourceAttributes.resource == 'configmaps'"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("authorization")
    file = folder / "authorization.yaml"
    with serving(Hook(decide)) as hook:
        kubeconfig = hook.kubeconfig(folder / "kubeconfig")
        file.write_text(HEAD + chain(kubeconfig, CONFIG_MAPS, "request.user == 'bob'"))
        with TestServer([f"--authorization-config={file}"], tokens=TOKENS) as running:
            yield World(running, hook, file, kubeconfig)


def test_conditions_say_who_the_webhook_is_asked_about(world: World, tmp_path: Path) -> None:
    kubectl = Kubectl(world.server, "default", tmp_path)
    assert kubectl.with_token("bob-token", "create", "configmap", "mine").stdout == "configmap/mine created\n"
    assert kubectl.with_token("bob-token", "get", "configmap", "secret").stderr == (
        'Error from server (Forbidden): configmaps "secret" is forbidden: User "bob" cannot get resource "configmaps" '
        'in API group "" in the namespace "default": it is secret\n'
    )
    assert "cannot create resource" in kubectl.with_token("carol-token", "create", "configmap", "hers").stderr
    assert "cannot list resource" in kubectl.with_token("bob-token", "get", "pods").stderr
    assert kubectl.with_token("bob-token", "auth", "can-i", "create", "configmaps").stdout == "yes\n"
    assert set(world.hook.users) == {"bob"}
    # the mode RBAC is there, and its roles with it
    assert "cluster-admin" in kubectl("get", "clusterroles", "-o", "name")
    assert "carol" in kubectl.with_token("carol-token", "auth", "whoami").stdout
    metrics = world.metrics()
    assert 'apiserver_authorization_match_condition_exclusions_total{name="hook",type="Webhook"}' in metrics
    assert 'apiserver_authorization_decisions_total{decision="allowed",name="hook",type="Webhook"}' in metrics
    assert "apiserver_authorization_config_controller_last_config_info{" in metrics


def test_reloads(world: World) -> None:
    carol = world.client("carol-token")
    path = "/api/v1/namespaces/default/configmaps"
    good = chain(world.kubeconfig, CONFIG_MAPS, "request.user in ['bob', 'carol']")
    try:
        assert carol("GET", path)[0] == 403
        world.write(good, "success")
        assert carol("GET", path)[0] == 200
        # a type that was there at start must stay
        world.write("- {type: AlwaysAllow, name: alwaysallow}\n", "failure")
        assert carol("GET", path)[0] == 200
        assert carol("GET", "/api/v1/secrets")[0] == 403
        world.write(chain(world.kubeconfig, "request.resourceAttributes.resource != ''", policy="Deny"), "success")
        # for a path the condition fails, and failing means no
        code, text = carol.text("GET", "/healthz")
        assert (code, "resulted in error: no such key: resourceAttributes" in text) == (500, True)
    finally:
        world.file.write_text(HEAD + chain(world.kubeconfig, CONFIG_MAPS, "request.user == 'bob'"))


@pytest.mark.parametrize(("authorizers", "flags", "text"), [
    ("- {type: RBAC, name: rbac, extra: 1}\n", [],
     r'Error: failed to load AuthorizationConfiguration from file: strict decoding error: unknown field '
     r'"authorizers\[0\].extra"'),
    ("- {type: RBAC, name: mine}\n", [], "Error: expected name rbac for authorizer RBAC instead of mine"),
    (RBAC, ["--authorization-mode=RBAC"],
     r"Error: --authorization-config can not be specified when --authorization-mode or --authorization-webhook-\* "
     "flags are defined"),
    ("- {type: ABAC, name: abac}\n", [], "Error: open : no such file or directory"),
    (RBAC, ["--authorization-webhook-version=v1"], "Error: --authorization-config can not be specified"),
])
def test_what_keeps_the_server_from_starting(tmp_path: Path, authorizers: str, flags: list[str], text: str) -> None:
    file = tmp_path / "authorization.yaml"
    file.write_text(HEAD + authorizers)
    with pytest.raises(StartError, match=text), TestServer([f"--authorization-config={file}", *flags]):
        pass
