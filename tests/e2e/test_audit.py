"""A server with an audit policy: what its log and its webhook get to see of real requests."""

import asyncio
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pilothouse.testing.server import StartError, TestServer
from tests.e2e.conftest import Kubectl

POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:apiserver"]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse, omitManagedFields: true, resources: [{group: "", resources: [configmaps]}]}
- {level: Metadata}
"""


class Collector:
    """A webhook server in a thread."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Collector":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _take(self, request: web.Request) -> web.Response:
        self.events += (await request.json())["items"]
        return web.Response()

    def _run(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/audit", self._take)
        runner = web.AppRunner(app)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/audit"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit")


@pytest.fixture(scope="module")
def audited(folder: Path, collector: Collector) -> Iterator[TestServer]:
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "webhook.yaml").write_text(json.dumps({
        "clusters": [{"name": "a", "cluster": {"server": collector.url}}],
        "contexts": [{"name": "a", "context": {"cluster": "a"}}], "current-context": "a",
    }))
    with TestServer([
        f"--audit-policy-file={folder / 'policy.yaml'}", f"--audit-log-path={folder / 'audit.log'}",
        f"--audit-webhook-config-file={folder / 'webhook.yaml'}", "--audit-webhook-batch-max-wait=100ms",
    ]) as server:
        yield server


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.log").read_text().splitlines()]


def find(folder: Path, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    found = [event for event in lines(folder) if wanted(event)]
    assert found, "no such event"
    return found[-1]


def of(verb: str, resource: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["verb"] == verb and event.get("objectRef", {}).get("resource") == resource


def test_log_and_webhook(audited: TestServer, folder: Path, collector: Collector, tmp_path: Path) -> None:
    kubectl = Kubectl(audited, "default", tmp_path)
    kubectl("create", "configmap", "a", "--from-literal=x=1")
    kubectl("create", "secret", "generic", "s", "--from-literal=password=hunter2")
    kubectl("patch", "configmap", "a", "-p", '{"data": {"y": "2"}}')
    kubectl("apply", "--server-side", "-f", "-", stdin="{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}")
    kubectl("delete", "configmap", "a", "--as=eve", "--as-group=system:masters")
    created = find(folder, of("create", "configmaps"))
    assert created["level"] == "RequestResponse"
    assert created["requestObject"]["data"] == {"x": "1"}
    assert created["responseObject"]["metadata"]["uid"]
    assert "managedFields" not in created["responseObject"]["metadata"]
    assert created["objectRef"]["name"] == "a"
    assert created["annotations"]["authorization.k8s.io/decision"] == "allow"
    patches = [event["requestObject"] for event in lines(folder) if of("patch", "configmaps")(event)]
    assert {"data": {"y": "2"}} in patches
    assert any(patch.get("kind") == "ConfigMap" for patch in patches)
    deleted = find(folder, of("delete", "configmaps"))
    assert deleted["impersonatedUser"]["username"] == "eve"
    assert deleted["responseStatus"]["status"] == "Success"
    assert deleted["requestObject"]["propagationPolicy"] == "Background"
    assert find(folder, of("create", "secrets"))["level"] == "Metadata"
    text = (folder / "audit.log").read_text()
    assert "hunter2" not in text
    assert audited.token not in text
    assert (folder / "audit.log").stat().st_mode & 0o777 == 0o600
    until = time.monotonic() + 20
    while not any(event["auditID"] == deleted["auditID"] for event in collector.events) and time.monotonic() < until:
        time.sleep(0.05)
    assert deleted in [{"kind": "Event", "apiVersion": "audit.k8s.io/v1", **event} for event in collector.events]


def test_whoever_fails_to_authenticate_is_told_of(audited: TestServer, folder: Path) -> None:
    request = urllib.request.Request(f"{audited.url}/api/v1/pods", headers={
        "Authorization": "Bearer not-a-token", "Audit-ID": "my-own-id"
    })
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(audited.ca_file)))
    e.value.close()
    event = find(folder, lambda event: event["auditID"] == "my-own-id")
    assert (event["stage"], event["user"], event["responseStatus"]["code"]) == ("ResponseStarted", {}, 401)
    assert "not-a-token" not in (folder / "audit.log").read_text()


def test_policies_that_do_not_parse_keep_the_server_from_starting(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Everything}]\n")
    with pytest.raises(StartError, match=r"rules\[0\].level: Unsupported value: \"Everything\""), TestServer([
        f"--audit-policy-file={policy}", "--audit-log-path=-",
    ]):
        pass
