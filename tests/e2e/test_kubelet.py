"""kubectl's commands that reach a kubelet through the server, with a stand-in kubelet behind it."""

import json
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.options.run import DRAIN_SECONDS
from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl
from tests.kubelet import Certificates, RunningKubelet, StandInKubelet, own_address


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("kubelet"), ["127.0.0.1", *filter(None, [own_address()])])


@pytest.fixture(scope="module")
def kubelet(certificates: Certificates) -> Iterator[StandInKubelet]:
    with RunningKubelet(certificates.context()) as running:
        yield running


@pytest.fixture(scope="module")
def kubectl(
    certificates: Certificates, kubelet: StandInKubelet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kubectl]:
    """On a namespace with the pods `web` (one container), `pair` (two), and `pending` (no node)."""
    with TestServer(_flags(certificates), data_dir=tmp_path_factory.mktemp("server")) as server:
        kubectl = Kubectl(server, "default", tmp_path_factory.mktemp("home"))
        for name, address in (("node", "127.0.0.1"), ("reachable", own_address() or "127.0.0.1")):
            kubectl("create", "-f", "-", stdin=json.dumps(_node(name, address, kubelet.port)))
        for name, containers, node in (("web", "c", "node"), ("pair", "ab", "node"), ("pending", "c", "")):
            kubectl("create", "-f", "-", stdin=json.dumps(_pod(name, containers, node)))
        kubectl("patch", "pod", "web", "--subresource=status", "-p", '{"status":{"phase":"Running"}}')
        yield kubectl


def _flags(certificates: Certificates) -> tuple[str, ...]:
    return (
        f"--kubelet-certificate-authority={certificates.ca}", f"--kubelet-client-certificate={certificates.client}",
        f"--kubelet-client-key={certificates.client_key}",
    )


def _node(name: str, address: str, port: int) -> object:
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        },
    }


def _pod(name: str, containers: str, node: str) -> object:
    spec = {
        "containers": [{"name": c, "image": "i"} for c in containers], "nodeName": node,
        "automountServiceAccountToken": False,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_logs(kubectl: Kubectl, kubelet: StandInKubelet) -> None:
    assert kubectl("logs", "web", "--tail=5", "--timestamps") == "one\ntwo\n"
    assert kubelet.asked[-1] == "/containerLogs/default/web/c?tailLines=5&timestamps=true"
    assert kubectl("logs", "pair", "-c", "b") == "one\ntwo\n"


def test_logs_are_followed_as_they_come(kubectl: Kubectl) -> None:
    running = kubectl.start("logs", "-f", "web")
    try:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(3)] == ["one\n", "more\n", "more\n"]
    finally:
        running.kill()
        running.communicate()


def test_logs_that_cannot_be_had(kubectl: Kubectl) -> None:
    assert "container x is not valid for pod web" in kubectl.fails("logs", "web", "-c", "x")
    assert kubectl("logs", "pending") == ""


def test_exec(kubectl: Kubectl, kubelet: StandInKubelet) -> None:
    assert kubectl("exec", "web", "--", "echo", "a b") == "echo a b\n"
    assert kubelet.asked[-1] == "/exec/default/web/c?command=echo&command=a+b&error=1&output=1"
    assert kubectl("exec", "-i", "web", "--", "cat", stdin="hello\n") == "cat\nhello\n"
    assert "does not have a host assigned" in kubectl.fails("exec", "pending", "--", "true")


def test_attach(kubectl: Kubectl, kubelet: StandInKubelet) -> None:
    assert "hello" in kubectl("attach", "-i", "web", stdin="hello\n")
    assert kubelet.asked[-1].startswith("/attach/default/web/c?")


def test_port_forward(kubectl: Kubectl) -> None:
    running = kubectl.start("port-forward", "web", ":80", "--address=127.0.0.1")
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert port, line + running.communicate()[1]
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", int(port[1])), timeout=20) as connection:
                connection.sendall(b"through the tunnel" * 1000)
                connection.shutdown(socket.SHUT_WR)
                assert _all(connection) == b"through the tunnel" * 1000
    finally:
        running.kill()
        running.communicate()


def _all(connection: socket.socket) -> bytes:
    found = b""
    while chunk := connection.recv(65536):
        found += chunk
    return found


@pytest.mark.parametrize("protocol", ["websocket", "SPDY/3.1"])
def test_sessions_end_in_order_with_the_server(certificates: Certificates, tmp_path: Path, protocol: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        TestServer(_flags(certificates), data_dir=tmp_path / "server") as server,
    ):
        backend = threading.Thread(target=_switch, args=(listening, certificates.context(), protocol))
        backend.start()
        kubectl = Kubectl(server, "default", tmp_path)
        kubectl("create", "-f", "-", stdin=json.dumps(_node("node", "127.0.0.1", listening.getsockname()[1])))
        kubectl("create", "-f", "-", stdin=json.dumps(_pod("web", "c", "node")))
        tls = ssl.create_default_context(cafile=str(server.ca_file))
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
            tls.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as session,
        ):
            session.sendall(
                b"POST /api/v1/namespaces/default/pods/web/exec?command=cat&stdin=1 HTTP/1.1\r\nHost: h\r\n"
                b"Connection: Upgrade\r\nUpgrade: %b\r\nAuthorization: Bearer %b\r\n\r\n"
                % (protocol.encode(), server.token.encode())
            )
            assert _read(session, b"hello").startswith(b"HTTP/1.1 101 ")
            server.process.send_signal(signal.SIGTERM)
            # the end of TLS, too, and sooner than connections of which nobody knows when they end are cut
            assert _all(session) == b""
            assert server.process.wait(DRAIN_SECONDS - 2) == 0
        backend.join(20)
        assert not backend.is_alive()


def _switch(listening: socket.socket, tls: ssl.SSLContext, protocol: str) -> None:
    """Agree to one upgrade, say hello and wait for the other side's end."""
    accepted, _ = listening.accept()
    with tls.wrap_socket(accepted, server_side=True) as session:
        _read(session, b"\r\n\r\n")
        head = f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
        session.sendall(head.encode() + b"hello")
        _all(session)


def _read(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = connection.recv(65536)
        assert chunk, found
        found += chunk
    return found


def test_node_proxy(kubectl: Kubectl) -> None:
    if own_address():
        answer = json.loads(kubectl("get", "--raw", "/api/v1/nodes/reachable/proxy/pods"))
        assert answer == {"kind": "PodList", "items": []}
    assert "address not allowed" in kubectl.fails("get", "--raw", "/api/v1/nodes/node/proxy/pods")


def test_a_kubelet_that_cannot_be_reached(kubectl: Kubectl, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        kubectl("create", "-f", "-", stdin=json.dumps(_node("down", "127.0.0.1", port)))
        kubectl("create", "-f", "-", stdin=json.dumps(_pod("lost", "c", "down")))
        refused = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        assert refused in kubectl.fails("logs", "lost")
        assert f"error dialing backend: {refused}" in kubectl.fails("exec", "lost", "--", "true")


def test_a_kubelet_without_a_trusted_certificate(kubelet: StandInKubelet, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    flags = [f"--kubelet-certificate-authority={Certificates(other, ['127.0.0.1']).ca}"]
    with TestServer(flags, data_dir=tmp_path / "server") as server:
        kubectl = Kubectl(server, "default", tmp_path)
        kubectl("create", "-f", "-", stdin=json.dumps(_node("node", "127.0.0.1", kubelet.port)))
        kubectl("create", "-f", "-", stdin=json.dumps(_pod("web", "c", "node")))
        error = kubectl.fails("logs", "web")
        assert "tls: failed to verify certificate: x509: certificate signed by unknown authority" in error
