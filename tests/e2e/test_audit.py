"""A server with an audit policy: what its log and its webhook get to see of real requests."""

import asyncio
import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
import uuid
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


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
JSON = "application/json"


class Wire:
    """Sends requests as they are, and finds their last event by an id of its own."""

    def __init__(self, server: TestServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._context = ssl.create_default_context(cafile=str(server.ca_file))

    def __call__(self, method: str, target: str, body: str = "", **headers: str | bytes) -> dict[str, Any]:
        sent = self.send(method, target, body, **headers)
        return find(self._folder, lambda event: event["auditID"] == sent)

    def send(self, method: str, target: str, body: str = "", **headers: str | bytes) -> str:
        """The id."""
        audit_id = str(uuid.uuid4())
        sent: dict[str, str | bytes] = {
            "authorization": f"Bearer {self._server.token}", "audit-id": audit_id,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPSConnection("127.0.0.1", self._server.port, context=self._context)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(body.encode())))
            connection.endheaders(body.encode())
            connection.getresponse().read()
        finally:
            connection.close()
        return audit_id


@pytest.fixture
def wire(audited: TestServer, folder: Path) -> Wire:
    return Wire(audited, folder)


def test_objects_are_told_of_as_they_came(wire: Wire) -> None:
    sent = '{"metadata": {"name": "o", "uid": "mine"}, "data": {"k": "<"}}'
    created = wire("POST", CONFIG_MAPS, sent, content_type=JSON)
    assert created["requestObject"] == {
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "o", "uid": "mine"}, "data": {"k": "<"}
    }
    assert created["objectRef"]["uid"] == "mine"
    # what is refused, too
    refused = wire("POST", CONFIG_MAPS, '{"metadata": {"name": "p", "namespace": "other"}}', content_type=JSON)
    assert refused["responseStatus"]["code"] == 400
    assert refused["requestObject"]["metadata"] == {"name": "p", "namespace": "other"}
    refused = wire("PUT", f"{CONFIG_MAPS}/o", '{"metadata": {"name": "q"}}', content_type=JSON)
    assert refused["responseObject"]["message"] == (
        "the name of the object (q) does not match the name on the URL (o)"
    )
    assert refused["requestObject"]["metadata"] == {"name": "q"}
    named = wire("POST", CONFIG_MAPS, '{"metadata": {"generateName": "g-"}}', content_type=JSON)
    assert "name" not in named["objectRef"]


def test_patches_are_told_of_as_they_came(wire: Wire, folder: Path) -> None:
    patch = '{ "metadata" : {"managedFields": [], "annotations":\n{"a": " \\" x", "b": "<"} }, "data": {"n": "1"} }'
    event = wire("PATCH", f"{CONFIG_MAPS}/o", patch, content_type="application/merge-patch+json")
    assert event["responseStatus"]["code"] == 200
    compact = (
        '"requestObject":{"metadata":{"managedFields":[],"annotations":{"a":" \\" x","b":"\\u003c"}},"data":{"n":"1"}}'
    )
    assert compact in (folder / "audit.log").read_text()
    applied = "apiVersion: v1\nkind: ConfigMap\ndata: {z: '1'}\n"
    event = wire("PATCH", f"{CONFIG_MAPS}/o?fieldManager=x", applied, content_type="application/apply-patch+yaml")
    assert event["requestObject"] == {"apiVersion": "v1", "kind": "ConfigMap", "data": {"z": "1"}}
    for target, body in ((f"{CONFIG_MAPS}/o?dryRun=no", "{}"), (f"{CONFIG_MAPS}/o", "{")):
        event = wire("PATCH", target, body, content_type="application/merge-patch+json")
        assert event["responseStatus"]["code"] in (400, 422)
        assert "requestObject" not in event


def test_options_of_deletions(wire: Wire) -> None:
    options = '{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}'
    event = wire("DELETE", f"{CONFIG_MAPS}?labelSelector=none", options, content_type=JSON)
    assert event["verb"] == "deletecollection"
    assert event["requestObject"] == {
        "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal", "gracePeriodSeconds": 0
    }
    assert event["responseObject"]["kind"] == "ConfigMapList"
    event = wire("DELETE", f"{CONFIG_MAPS}/none?gracePeriodSeconds=0")
    assert "requestObject" not in event
    assert event["responseStatus"]["details"] == {"name": "none", "kind": "configmaps"}


def test_what_is_no_text(wire: Wire, folder: Path) -> None:
    event = wire(
        "GET", "/none%20%2f<?a=<b>", user_agent=b"\xc3\xa9\xff", x_forwarded_for="010.0.0.1, fe80::1%1",
    )
    assert (event["requestURI"], event["userAgent"]) == ("/none%20/%3C?a=<b>", "\u00e9\ufffd")
    assert event["sourceIPs"] == ["10.0.0.1", "127.0.0.1"]
    assert b'"userAgent":"\xc3\xa9\\ufffd"' in (folder / "audit.log").read_bytes()
    event = wire("GET", CONFIG_MAPS, impersonate_user=b"ev\xff")
    assert event["impersonatedUser"]["username"] == "ev\ufffd"
    assert 'User "ev\\xff" cannot list' in event["responseStatus"]["message"]


def test_errors_that_cannot_be_negotiated_are_told_of_by_their_code(wire: Wire) -> None:
    event = wire("GET", f"{CONFIG_MAPS}/none", accept="text/html")
    assert event["responseStatus"] == {"metadata": {}, "code": 406}
    assert "responseObject" not in event


def test_watches_are_told_of_when_they_start_and_when_they_end(wire: Wire, folder: Path) -> None:
    event = wire("GET", f"{CONFIG_MAPS}?watch=true&timeoutSeconds=1")
    events = [each for each in lines(folder) if each["auditID"] == event["auditID"]]
    stages = [(each["stage"], "responseObject" in each) for each in events]
    assert stages == [("ResponseStarted", False), ("ResponseComplete", False)]


def test_policies_that_do_not_parse_keep_the_server_from_starting(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Everything}]\n")
    with pytest.raises(StartError, match=r"rules\[0\].level: Unsupported value: \"Everything\""), TestServer([
        f"--audit-policy-file={policy}", "--audit-log-path=-",
    ]):
        pass


def test_nothing_is_lost_at_the_end(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY.replace("[RequestReceived]", "[]"))
    cluster = {"name": "a", "cluster": {"server": collector.url}}
    (tmp_path / "webhook.yaml").write_text(json.dumps({"clusters": [cluster]}))
    flags = [
        f"--audit-policy-file={tmp_path / 'policy.yaml'}", f"--audit-log-path={tmp_path / 'audit.log'}",
        "--audit-log-mode=batch", f"--audit-webhook-config-file={tmp_path / 'webhook.yaml'}",
        "--audit-webhook-batch-max-wait=1h", "--audit-webhook-batch-max-size=1000",
    ]
    with TestServer(flags) as server:
        wire = Wire(server, tmp_path)
        asked = {wire.send("GET", f"{CONFIG_MAPS}/{n}") for n in range(50)}
    for events in (lines(tmp_path), collector.events):
        told = [(event["auditID"], event["stage"]) for event in events if event["auditID"] in asked]
        assert sorted(told) == sorted((n, stage) for n in asked for stage in ("RequestReceived", "ResponseComplete"))


def test_what_cannot_be_audited_is_not_done_in_the_strict_mode(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
        "rules:\n- {level: None, users: ['system:apiserver']}\n"
        "- {level: Metadata, resources: [{resources: [configmaps]}]}\n"
    )
    for mode, code in (("blocking-strict", 500), ("blocking", 404)):
        with TestServer([
            f"--audit-policy-file={tmp_path / 'policy.yaml'}", "--audit-log-path=/dev/full", f"--audit-log-mode={mode}",
        ]) as server:
            request = urllib.request.Request(
                f"{server.url}{CONFIG_MAPS}/none", headers={"Authorization": f"Bearer {server.token}"}
            )
            with pytest.raises(urllib.error.HTTPError) as e:
                urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(server.ca_file)))
            body = e.value.read()
            e.value.close()
        assert e.value.code == code
        assert (b"failed to store audit event" in body) == (mode == "blocking-strict")
