"""What a person does with custom resources: every command of kubectl that knows them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl
from tests.e2e.custom import crontab, crontabs


@pytest.fixture
def group(kubectl: Kubectl) -> Iterator[str]:
    """A group of this test's own with CronTabs in it."""
    group = f"{kubectl.namespace}.example.com"
    kubectl("apply", "-f", "-", stdin=crontabs(group))
    kubectl("wait", "--for=condition=Established", f"crd/crontabs.{group}", "--timeout=10s")
    yield group
    kubectl("delete", "crd", f"crontabs.{group}", "--timeout=30s")
    assert "NotFound" in kubectl.fails("get", "--raw", f"/apis/{group}/v1/crontabs")


def test_kubectl_finds_and_explains(kubectl: Kubectl, group: str) -> None:
    resources = kubectl("api-resources", f"--api-group={group}")
    assert "ct" in resources and "CronTab" in resources
    assert f"{group}/v1" in kubectl("api-versions").split()
    text = kubectl("explain", "crontabs.spec.schedule", f"--api-version={group}/v1")
    assert "In cron's notation." in text
    services = kubectl("get", "apiservices", f"v1.{group}")
    assert "Local" in services and "True" in services


def test_kubectl_applies_and_shows(kubectl: Kubectl, group: str) -> None:
    assert "created" in kubectl("apply", "-f", "-", stdin=crontab(group))
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=crontab(group))
    assert "configured" in kubectl("apply", "-f", "-", stdin=crontab(group, replicas=2))
    head, row = kubectl("get", "ct").splitlines()
    assert head.split() == ["NAME", "SCHEDULE", "REPLICAS", "AGE"]
    assert row.split()[:-1] == ["backup", "*", "*", "*", "*", "*", "2"]
    columns = kubectl("get", "ct", "-o", "custom-columns=N:.metadata.name,I:.spec.image", "--no-headers")
    assert columns.split() == ["backup", "busybox"]
    assert "crontab" in kubectl("get", "all")
    assert kubectl("get", "ct", "-o", "name", "--field-selector=spec.image=busybox").split() == [
        f"crontab.{group}/backup"
    ]
    assert kubectl("get", "ct", "-o", "name", "--field-selector=spec.image=other") == ""
    assert "Schedule:" in kubectl("describe", "ct", "backup")
    assert "should match" in kubectl.fails("apply", "-f", "-", stdin=crontab(group, schedule="never"))
    wrong = crontab(group, name="odd", nonsense=1)
    assert 'unknown field "spec.nonsense"' in kubectl.fails("apply", "-f", "-", stdin=wrong)
    kubectl("label", "ct", "backup", "tier=back")
    assert kubectl("get", "ct", "-l", "tier=back", "-o", "name").strip() == f"crontab.{group}/backup"
    assert "deleted" in kubectl("delete", "ct", "--all")


def test_kubectl_applies_on_the_server(kubectl: Kubectl, group: str) -> None:
    mine = crontab(group, ports=[{"name": "http", "port": 80}])
    kubectl("apply", "--server-side", "--field-manager=mine", "-f", "-", stdin=mine)
    yours = crontab(group, ports=[{"name": "https", "port": "tls"}])
    kubectl("apply", "--server-side", "--field-manager=yours", "-f", "-", stdin=yours)
    found = kubectl.json("get", "ct", "backup")
    assert [port["name"] for port in found["spec"]["ports"]] == ["http", "https"]
    theirs = crontab(group, schedule="0 0 * * *")
    assert "conflict" in kubectl.fails("apply", "--server-side", "--field-manager=theirs", "-f", "-", stdin=theirs)
    shown = kubectl.run("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=theirs).stdout
    assert "+  schedule: 0 0 * * *" in shown


def test_kubectl_edits_scales_and_waits(kubectl: Kubectl, group: str, tmp_path: Path) -> None:
    kubectl("create", "-f", "-", stdin=crontab(group))
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/busybox/alpine/' \"$1\"\n")
    editor.chmod(0o755)
    assert "edited" in kubectl("edit", "ct", "backup", env={"KUBE_EDITOR": str(editor)})
    assert kubectl.json("get", "ct", "backup")["spec"]["image"] == "alpine"
    kubectl("scale", "ct", "backup", "--replicas=5")
    assert kubectl.json("get", "ct", "backup", "--subresource=scale")["spec"] == {"replicas": 5}
    waiting = kubectl.start("wait", "--for=condition=Ready", "ct/backup", "--timeout=30s")
    ready = {"status": {"replicas": 5, "conditions": [{"type": "Ready", "status": "True"}]}}
    kubectl("patch", "ct", "backup", "--subresource=status", "--type=merge", "-p", json.dumps(ready))
    output, _ = waiting.communicate(timeout=30)
    assert "condition met" in output
    found = kubectl.json("get", "ct", "backup")
    assert (found["status"]["replicas"], found["metadata"]["generation"]) == (5, 3)
    kubectl("patch", "ct", "backup", "--type=json", "-p", '[{"op":"remove","path":"/spec/image"}]')
    assert kubectl.json("get", "ct", "backup")["spec"]["image"] == "busybox"


def test_dependents_and_namespaces_take_custom_resources_along(kubectl: Kubectl, group: str) -> None:
    kubectl("create", "-f", "-", stdin=crontab(group, name="owner"))
    uid = kubectl.json("get", "ct", "owner")["metadata"]["uid"]
    owned = json.loads(crontab(group, name="owned"))
    owned["metadata"]["ownerReferences"] = [
        {"apiVersion": f"{group}/v1", "kind": "CronTab", "name": "owner", "uid": uid}
    ]
    kubectl("create", "-f", "-", stdin=json.dumps(owned))
    kubectl("delete", "ct", "owner")
    kubectl("wait", "--for=delete", "ct/owned", "--timeout=30s")
    kubectl("create", "-f", "-", stdin=crontab(group))
    kubectl("create", "quota", "few", f"--hard=count/crontabs.{group}=1")
    kubectl("delete", "namespace", kubectl.namespace, "--timeout=60s")
    assert "No resources found" in kubectl.run("get", "ct", "-A").stderr


def test_clients_without_types(server: TestServer, kubectl: Kubectl, group: str) -> None:
    for name in ("lightkube_custom.py", "kr8s_custom.py"):
        client = Path(__file__).with_name(name)
        done = subprocess.run(
            [sys.executable, client, server.kubeconfig, kubectl.namespace, group], capture_output=True, text=True,
            timeout=100, check=False,
        )
        assert (done.returncode, done.stdout) == (0, "ok\n"), f"{name}: {done.stderr}"
