"""A second Pilothouse plays the extension API server; the first one proxies to it, as kubectl sees it."""

import asyncio
import base64
import json
import signal
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from pilothouse.options.run import DRAIN_SECONDS
from pilothouse.testing.server import TestServer
from tests.aggregator.harness import ROOT, Extension
from tests.e2e.conftest import Kubectl

GROUP = "fish.example.com"
TOKENS = ("root,root,root-uid,system:masters", "alice,alice,alice-uid,dev", "bob,bob,bob-uid,dev")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": f"trouts.{GROUP}"},
    "spec": {
        "group": GROUP, "scope": "Namespaced", "names": {"kind": "Trout", "plural": "trouts", "singular": "trout"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {
                "type": "object", "description": "how it is", "properties": {"weight": {"type": "integer"}},
            }},
        }}}],
    },
}  # fmt: skip


def read_access(user: str) -> list[dict[str, Any]]:
    """A role for trouts, bound to `user`."""
    api = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": f"fisher-{user}"},
            "rules": [{"apiGroups": [GROUP], "resources": ["trouts"], "verbs": ["get", "list"]}],
        },
        {
            "apiVersion": f"{api}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"fisher-{user}"},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": f"fisher-{user}"},
            "subjects": [{"kind": "User", "apiGroup": api, "name": user}],
        },
    ]  # fmt: skip


def many(*objects: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


@dataclass
class Pair:
    front: TestServer
    behind: TestServer
    kubectl: Kubectl
    behind_kubectl: Kubectl


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("aggregation")
    with TestServer(data_dir=directory / "front", tokens=TOKENS) as front:
        flags = (
            f"--requestheader-client-ca-file={front.data_dir}/pki/front-proxy-ca.crt",
            "--requestheader-allowed-names=front-proxy-client", "--requestheader-username-headers=X-Remote-User",
            "--requestheader-uid-headers=X-Remote-Uid", "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        )
        with TestServer(flags, data_dir=directory / "behind", tokens=TOKENS) as behind:
            pair = Pair(
                front, behind, Kubectl(front, "default", directory), Kubectl(behind, "default", directory / "other"),
            )
            pair.behind_kubectl("apply", "-f", "-", stdin=json.dumps(DEFINITION))
            pair.kubectl("apply", "-f", "-", stdin=many(*registration(behind.port, GROUP, "fish")))
            pair.kubectl("wait", "--for=condition=Available", f"apiservice/v1.{GROUP}", "--timeout=30s")
            yield pair


def registration(port: int, group: str, name: str, **spec: Any) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1.{group}"},
            "spec": {
                "group": group, "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15,
                "service": {"name": name, "namespace": "default", "port": port},
                **(spec or {"insecureSkipTLSVerify": True}),
            },
        },
    ]  # fmt: skip


def test_kubectl_works_with_what_another_server_serves(pair: Pair) -> None:
    kubectl = pair.kubectl
    assert kubectl("get", "apiservice", f"v1.{GROUP}", "--no-headers").split()[1:3] == ["default/fish", "True"]
    assert f"trouts {GROUP}/v1 true Trout" in " ".join(kubectl("api-resources", f"--api-group={GROUP}").split())
    trout = {
        "apiVersion": f"{GROUP}/v1", "kind": "Trout", "metadata": {"name": "t"}, "spec": {"weight": 3},
    }  # fmt: skip
    assert kubectl("apply", "-f", "-", stdin=json.dumps(trout)) == f"trout.{GROUP}/t created\n"
    watching = kubectl.start("get", "trouts", "--watch", "--no-headers")
    assert watching.stdout is not None
    assert watching.stdout.readline().split()[0] == "t"
    trout["spec"] = {"weight": 4}
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(trout))
    assert watching.stdout.readline().split()[0] == "t"
    watching.kill()
    watching.communicate()
    assert kubectl("get", "trout", "t", "-o", "jsonpath={.spec.weight}") == "4"
    # it is the other server that has it
    assert pair.behind_kubectl("get", "trout", "t", "-o", "jsonpath={.spec.weight}") == "4"
    error = kubectl.fails("apply", "-f", "-", stdin=json.dumps({**trout, "spec": {"weight": "heavy"}}))
    assert "spec.weight" in error
    assert "deleted" in kubectl("delete", "trout", "t")


def test_explain_reads_the_other_servers_openapi(pair: Pair) -> None:
    def explained() -> str:
        return str(pair.kubectl.run("explain", "trout.spec").stdout)

    for _ in range(100):
        if "how it is" in explained():
            return
    pytest.fail(explained())


def test_the_other_server_decides_about_the_user_that_it_is_told(pair: Pair) -> None:
    pair.kubectl("apply", "-f", "-", stdin=many(*read_access("alice"), *read_access("bob")))
    pair.behind_kubectl("apply", "-f", "-", stdin=many(*read_access("alice")))
    assert pair.kubectl.with_token("alice", "get", "trouts").returncode == 0
    refused = pair.kubectl.with_token("bob", "get", "trouts").stderr
    assert 'User "bob" cannot list resource "trouts"' in refused


def whoami(server: TestServer, *arguments: str, token: str = "") -> dict[str, Any] | int:
    """Who the server takes us for, or the status code. Over plain curl: headers and certificates as given."""
    body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
    command = [
        "curl", "--silent", "--cacert", str(server.ca_file), "-H", "Content-Type: application/json", "-d", body,
        "-w", "\n%{http_code}", f"{server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews", *arguments,
    ]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    answer, _, code = done.stdout.rpartition("\n")
    if code != "201":
        return int(code)
    found: dict[str, Any] = json.loads(answer)["status"]["userInfo"]
    return found


def headers(*lines: str) -> list[str]:
    return [part for line in lines for part in ("-H", line)]


def certificate(server: TestServer, name: str) -> list[str]:
    return ["--cert", f"{server.data_dir}/pki/{name}.crt", "--key", f"{server.data_dir}/pki/{name}.key"]


def test_headers_count_only_with_the_proxys_certificate(pair: Pair) -> None:
    behind, proxy = pair.behind, certificate(pair.front, "front-proxy-client")
    root = headers("X-Remote-User: root", "X-Remote-Group: system:masters", "x-remote-extra-a: b", "X-REMOTE-UID: u")
    found = whoami(behind, *proxy, *root)
    assert isinstance(found, dict)
    assert found == {
        "username": "root", "uid": "u", "groups": ["system:masters", "system:authenticated"], "extra": {"a": ["b"]},
    }  # fmt: skip
    # a token's user, a certificate's and nobody stay what they are
    found = whoami(behind, *root, token="alice")
    assert isinstance(found, dict) and found["username"] == "alice" and "system:masters" not in found["groups"]
    assert whoami(behind, *root) == 403
    found = whoami(behind, *certificate(behind, "admin"), *headers("X-Remote-User: mallory"))
    assert isinstance(found, dict) and found["username"] == "kubernetes-admin"
    # the proxy without headers, and with an empty name, is nobody
    assert whoami(behind, *proxy) == 401
    assert whoami(behind, *proxy, *headers("X-Remote-User;", "X-Remote-Group: system:masters")) == 401
    # our own front proxy's certificate is of another authority than the one that was given
    assert whoami(behind, *certificate(behind, "front-proxy-client"), *root) in (0, 401)
    # of several names the first counts, and a bearer token beside the headers does not
    found = whoami(behind, *proxy, *headers("X-Remote-User: bob", "X-Remote-User: root"), token="root")
    assert isinstance(found, dict) and found["username"] == "bob"


def test_extension_servers_are_told_whom_to_believe(pair: Pair) -> None:
    data = pair.kubectl.json("get", "configmap", "extension-apiserver-authentication", "-n", "kube-system")["data"]
    assert data["requestheader-client-ca-file"] == (pair.front.data_dir / "pki" / "front-proxy-ca.crt").read_text()
    assert {key: value for key, value in data.items() if not key.endswith("-ca-file")} == {
        "requestheader-allowed-names": '["front-proxy-client"]',
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-uid-headers": '["X-Remote-Uid"]', "requestheader-username-headers": '["X-Remote-User"]',
    }


def test_an_upgraded_connection_is_carried_through(pair: Pair, tmp_path: Path) -> None:
    path = f"{ROOT}/namespaces/default/flunders/f/talk"

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("v1.talk",))
        await socket.prepare(request)
        await socket.send_str(f"{request.headers['X-Remote-User']} {request.query_string}")
        async for message in socket:
            await socket.send_str(f"you said {message.data}")
        return socket

    async def main() -> None:
        async with Extension().running(tmp_path) as extension:
            extension.answers[path] = talk
            bundle = base64.b64encode(extension.ca).decode()
            objects = many(*registration(extension.port, "wardle.example.com", "ext", caBundle=bundle))
            await asyncio.to_thread(pair.kubectl, "apply", "-f", "-", stdin=objects)
            wait = ("wait", "--for=condition=Available", "apiservice/v1.wardle.example.com", "--timeout=30s")
            await asyncio.to_thread(pair.kubectl, *wait)
            tls = ssl.create_default_context(cafile=str(pair.front.ca_file))
            async with aiohttp.ClientSession(headers={"Authorization": "Bearer root"}) as session:
                url = f"{pair.front.url}{path}?b=1&a=2"
                async with session.ws_connect(url, ssl=tls, protocols=("v1.talk",)) as socket:
                    assert socket.protocol == "v1.talk"
                    assert await socket.receive_str() == "root a=2&b=1"
                    await socket.send_str("hello")
                    assert await socket.receive_str() == "you said hello"
            await asyncio.to_thread(pair.kubectl, "delete", "apiservice", "v1.wardle.example.com")

    asyncio.run(main())


def test_an_upgraded_connection_ends_with_the_server(tmp_path: Path) -> None:
    path = f"{ROOT}/namespaces/default/flunders/f/talk"

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    async def main(front: TestServer, kubectl: Kubectl) -> None:
        async with Extension().running(tmp_path) as extension:
            extension.answers[path] = talk
            bundle = base64.b64encode(extension.ca).decode()
            objects = many(*registration(extension.port, "wardle.example.com", "ext", caBundle=bundle))
            await asyncio.to_thread(kubectl, "apply", "-f", "-", stdin=objects)
            wait = ("wait", "--for=condition=Available", "apiservice/v1.wardle.example.com", "--timeout=30s")
            await asyncio.to_thread(kubectl, *wait)
            tls = ssl.create_default_context(cafile=str(front.ca_file))
            async with (
                aiohttp.ClientSession(headers={"Authorization": "Bearer root"}) as session,
                session.ws_connect(f"{front.url}{path}", ssl=tls) as socket,
            ):
                front.process.send_signal(signal.SIGTERM)
                assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSED
                assert await asyncio.to_thread(front.process.wait, DRAIN_SECONDS - 2) == 0

    with TestServer(data_dir=tmp_path / "front", tokens=TOKENS) as front:
        asyncio.run(main(front, Kubectl(front, "default", tmp_path)))


def test_a_server_that_is_told_to_ask_itself_does_not_run_in_circles(pair: Pair) -> None:
    service = {"name": "kubernetes", "namespace": "default", "port": 443}
    spec = {"group": "loop.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}
    obj = {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.loop.example.com"},
        "spec": {**spec, "service": service, "insecureSkipTLSVerify": True},
    }
    pair.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
    pair.kubectl("wait", "--for=condition=Available=False", "apiservice/v1.loop.example.com", "--timeout=60s")
    (condition,) = pair.kubectl.json("get", "apiservice", "v1.loop.example.com")["status"]["conditions"]
    assert condition["reason"] == "FailedDiscoveryCheck"
    assert condition["message"].endswith(f"{pair.front.url}/apis/loop.example.com/v1: 503")
    pair.kubectl("delete", "apiservice", "v1.loop.example.com")


def test_a_dead_server_takes_nobody_along(pair: Pair) -> None:
    """The last test of this module: it ends the server behind."""
    pair.behind.stop()
    kubectl = pair.kubectl
    assert "currently unable to handle the request" in kubectl.fails("get", "trouts")
    kubectl("label", "service", "fish", "looked-at=again")
    kubectl("wait", "--for=condition=Available=False", f"apiservice/v1.{GROUP}", "--timeout=60s")
    assert "False (FailedDiscoveryCheck)" in kubectl("get", "apiservice", f"v1.{GROUP}")
    assert "currently unable to handle the request" in kubectl.fails("get", "--raw", f"/apis/{GROUP}/v1")
    kubectl("get", "namespaces")
    kubectl("delete", "apiservice", f"v1.{GROUP}")
    assert "the server could not find the requested resource" in kubectl.fails("get", "--raw", f"/apis/{GROUP}")
