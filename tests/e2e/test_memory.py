"""What anybody can send does not stay in the server's memory."""

import http.client
import json
import ssl
import subprocess
from collections.abc import Iterator

from pilothouse.testing.server import TestServer

_LENGTH, _TIMES = 600_000, 100
"""60 MB of each kind of request: less than all kinds together must stay by far."""
_GROWTH_KIB = 120_000


def _requests(text: str) -> Iterator[tuple[str, str, dict[str, str], str | None]]:
    yield "GET", "/healthz", {f"x-{text}": "1"}, None
    yield "GET", f"/{text}", {}, None
    yield "GET", f"/apis/{text}/v1/pods", {}, None
    yield "GET", f"/api/v1/namespaces/{text}/pods", {}, None
    yield "GET", "/version", {"Accept": f"application/json;x={text}"}, None
    yield "GET", "/api/v1/pods", {"Authorization": f"Bearer {text}"}, None


def _review(text: str) -> str:
    return json.dumps({"spec": {"resourceAttributes": {"resource": text, "verb": "get", "namespace": text}}})


def _resident_kib(server: TestServer) -> int:
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(server.process.pid)], capture_output=True, text=True, check=True
    )
    return int(shown.stdout)


def test_made_up_names_are_not_remembered() -> None:
    with TestServer(["--storage-backend=memory"], tokens=("bob-token,bob,2",)) as server:
        context = ssl.create_default_context(cafile=str(server.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)

        def ask(method: str, path: str, headers: dict[str, str], body: str | None) -> int:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        try:
            for request in _requests("warm"):
                ask(*request)
            before = _resident_kib(server)
            for i in range(_TIMES):
                text = f"{i}{'x' * _LENGTH}"
                for request in _requests(text):
                    assert ask(*request) in (200, 401, 403)
                reviewer = {"Authorization": "Bearer bob-token", "Content-Type": "application/json"}
                path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
                assert ask("POST", path, reviewer, _review(text)) == 201
            assert _resident_kib(server) - before < _GROWTH_KIB
        finally:
            connection.close()
