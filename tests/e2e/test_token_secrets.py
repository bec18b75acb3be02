"""Long-lived tokens in Secrets, by kubectl."""

import base64
import json
import time
from collections.abc import Callable

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl


def secret(name: str, account: str) -> str:
    return json.dumps({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"name": name, "annotations": {"kubernetes.io/service-account.name": account}},
    })


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_token_for_as_long_as_its_secret_and_its_account_are_there(server: TestServer, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    kubectl("apply", "-f", "-", stdin=secret("robot-token", "robot"))
    until(lambda: "token" in kubectl.json("get", "secret", "robot-token").get("data", {}))
    stored = kubectl.json("get", "secret", "robot-token")
    data = {key: base64.b64decode(value).decode() for key, value in stored["data"].items()}
    assert data["ca.crt"] == server.ca_file.read_text()
    assert data["namespace"] == kubectl.namespace
    uid = kubectl.json("get", "serviceaccount", "robot")["metadata"]["uid"]
    assert stored["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    asked = kubectl.with_token(data["token"], "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    assert asked.stdout == f"system:serviceaccount:{kubectl.namespace}:robot"
    # with a secret of an account that there is not, nothing can be done
    kubectl("apply", "-f", "-", stdin=secret("nobody-token", "nobody"))
    until(lambda: kubectl.run("get", "secret", "nobody-token").returncode != 0)
    kubectl("delete", "serviceaccount", "robot")
    until(lambda: kubectl.run("get", "secret", "robot-token").returncode != 0)
