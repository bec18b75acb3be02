"""An operator written with kopf runs against a real server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl
from tests.e2e.custom import crontab, crontabs


@pytest.fixture
def operator(server: TestServer, kubectl: Kubectl, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """kopf runs tests/e2e/kopf_operator.py; it must end well."""
    yield from running("kopf_operator.py", server, kubectl, tmp_path)


@pytest.fixture
def custom_operator(server: TestServer, kubectl: Kubectl, tmp_path: Path) -> Iterator[str]:
    """kopf runs tests/e2e/kopf_custom_operator.py for the CronTabs of a group of this test's own."""
    group = f"{kubectl.namespace}.example.com"
    kubectl("apply", "-f", "-", stdin=crontabs(group))
    kubectl("wait", "--for=condition=Established", f"crd/crontabs.{group}", "--timeout=10s")
    for _ in running("kopf_custom_operator.py", server, kubectl, tmp_path, GROUP=group):
        yield group
    kubectl("delete", "crd", f"crontabs.{group}", "--timeout=30s")


def running(
    program: str, server: TestServer, kubectl: Kubectl, tmp_path: Path, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    log = tmp_path / "operator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kopf", "run", f"--namespace={kubectl.namespace}", "--standalone",
             str(Path(__file__).with_name(program))],
            env={**os.environ, "KUBECONFIG": str(server.kubeconfig), "HOME": str(tmp_path), **environment},
            stdout=output, stderr=output,
        )
    yield process
    alive = process.poll() is None
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)
    text = log.read_text(errors="replace")
    assert alive, text
    assert code == 0, text
    assert "Traceback" not in text, text


def config_map(whom: str) -> str:
    body: dict[str, Any] = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "labels": {"greet": "yes"}},
        "data": {"whom": whom},
    }
    return json.dumps(body)


def test_kopf_operator(operator: "subprocess.Popen[bytes]", kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=config_map("world"))
    kubectl("wait", "--for=create", "cm/greeting-one", "--timeout=60s")
    greeting = kubectl.json("get", "cm", "greeting-one")
    assert greeting["data"] == {"text": "Hello world"}
    assert greeting["metadata"]["ownerReferences"][0]["kind"] == "ConfigMap"
    kubectl("wait", "--for=jsonpath={.metadata.annotations.kopf\\.zalando\\.org/last-handled-configuration}", "cm/one",
            "--timeout=60s")
    kubectl("patch", "cm", "one", "-p", '{"data":{"whom":"moon"}}')
    kubectl("wait", "--for=jsonpath={.data.text}=Hello moon", "cm/greeting-one", "--timeout=60s")
    kubectl("delete", "cm", "one", "--timeout=60s")
    kubectl("wait", "--for=create", "cm/goodbye-one", "--timeout=60s")
    kubectl("wait", "--for=delete", "cm/greeting-one", "--timeout=60s")


def test_kopf_operator_of_custom_resources(custom_operator: str, kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=crontab(custom_operator))
    kubectl("wait", "--for=condition=Ready", "ct/backup", "--timeout=60s")
    kubectl("wait", "--for=jsonpath={.status.daemon}=running", "ct/backup", "--timeout=60s")
    kubectl("wait", "--for=jsonpath={.status.replicas}=1", "ct/backup", "--timeout=60s")
    kubectl("scale", "ct", "backup", "--replicas=3")
    kubectl("wait", "--for=jsonpath={.status.replicas}=3", "ct/backup", "--timeout=60s")
    kubectl("wait", "--for=jsonpath={.status.ticks}", "ct/backup", "--timeout=60s")
    found = kubectl.json("get", "ct", "backup")
    assert found["status"]["created"] == {"schedule": "* * * * *"}
    assert found["status"]["scaledFrom"] == 1
    assert found["metadata"]["finalizers"] == [f"{custom_operator}/operator"]
    kubectl("delete", "ct", "backup", "--timeout=60s")
    assert kubectl("get", "ct", "-o", "name") == ""
