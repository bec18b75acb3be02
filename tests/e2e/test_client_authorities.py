"""Client certificates of authorities that change while the server runs."""

import http.client
import json
import os
import ssl
import time
import urllib.request
from pathlib import Path

from pilothouse.testing.server import TestServer
from pilothouse.transport import certificates


class Authority:
    """Signs clients' certificates; their pairs are written to `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        now = time.time()
        self.pem, key = certificates.authority(now - 60, now + 3600, name)
        self._authority = certificates.load_authority(self.pem, key)

    def client(self, user: str, *groups: str, until: float = 3600.0) -> Path:
        now = time.time()
        pair = certificates.client(self._authority, user, groups, now - 60, now + until)
        path = self._directory / f"{self._name}-{user}.pem"
        path.write_bytes(b"".join(pair))
        return path


def who(server: TestServer, client: Path) -> str:
    """The user's name, the code of a refusal, or "handshake" where the connection was refused."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    context.load_cert_chain(client)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=20)
    try:
        connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", b"{}", {
            "Content-Type": "application/json",
        })
        answer = connection.getresponse()
        body = json.load(answer)
    except (OSError, http.client.HTTPException):
        return "handshake"
    finally:
        connection.close()
    return str(body["status"]["userInfo"]["username"]) if answer.status == 201 else str(answer.status)


def eventually(server: TestServer, client: Path, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while (found := who(server, client)) != wanted:
        assert time.monotonic() < deadline, f"{found} is not {wanted}"
        time.sleep(0.05)


def test_a_new_authority_counts_and_an_old_one_no_longer_does(tmp_path: Path) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    jane, joe = old.client("jane"), new.client("joe")
    file = tmp_path / "client-ca.crt"

    def write(content: bytes) -> None:
        (tmp_path / "fresh").write_bytes(content)
        os.replace(tmp_path / "fresh", file)

    write(old.pem)
    with TestServer([f"--client-ca-file={file}"]) as server:
        assert who(server, jane) == "jane"
        # OpenSSL ends the handshake where kube-apiserver would answer 401 (docs/deviations.md)
        assert who(server, joe) == "handshake"
        write(b"no certificate")
        deadline = time.monotonic() + 20
        while 'error reloading CA bundle "client-ca"' not in server.log:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert who(server, jane) == "jane"
        write(new.pem)
        eventually(server, joe, "joe")
        assert who(server, jane) == "401"
        # extension API servers are told
        assert new.pem.decode().strip() in _extension_authentication(server)


def _extension_authentication(server: TestServer) -> str:
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {server.token}"})
    context = ssl.create_default_context(cafile=str(server.ca_file))
    deadline = time.monotonic() + 20
    while True:
        with urllib.request.urlopen(request, context=context) as answer:
            found = str(json.load(answer)["data"]["client-ca-file"])
        if found.count("BEGIN CERTIFICATE") > 1 or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    file = tmp_path / "client-ca.crt"
    file.write_bytes(authority.pem)
    with TestServer([f"--client-ca-file={file}"]) as server:
        assert who(server, authority.client("jane", until=-30.0)) == "handshake"
