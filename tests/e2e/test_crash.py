"""Nothing acknowledged is ever lost: the server is killed again and again while eight writers write."""

import http.client
import json
import random
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import TestServer

ROUNDS = 50
WRITERS = 8
PATH = "/api/v1/namespaces/default/configmaps"


class Writer(threading.Thread):
    """Creates and updates objects of its own until the server goes away; remembers what was acknowledged."""

    def __init__(self, server: TestServer, number: int, round_: int, acknowledged: dict[str, tuple[int, str]]) -> None:
        super().__init__(name=f"writer-{number}")
        self._server = server
        self._prefix = f"w{number}-r{round_}"
        self._acknowledged = acknowledged
        self.error: str | None = None

    def run(self) -> None:
        connection = connect(self._server)
        try:
            for i in range(100_000):
                name = f"{self._prefix}-{i}"
                self._write(connection, "POST", PATH, name, f"first-{i}")
                self._write(connection, "PUT", f"{PATH}/{name}", name, f"second-{i}" * 20)
        except (OSError, http.client.HTTPException):
            return  # the server was killed
        finally:
            connection.close()

    def _write(self, connection: http.client.HTTPSConnection, method: str, path: str, name: str, value: str) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}}
        status, answer = request(self._server, connection, method, path, body)
        if status not in (200, 201):
            self.error = f"{method} {path}: {status} {answer}"
            raise http.client.HTTPException
        self._acknowledged[name] = (int(answer["metadata"]["resourceVersion"]), value)


def connect(server: TestServer) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=context)


def request(
    server: TestServer, connection: http.client.HTTPSConnection, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def stored(server: TestServer) -> tuple[int, dict[str, tuple[int, str]]]:
    connection = connect(server)
    status, answer = request(server, connection, "GET", PATH)
    connection.close()
    assert status == 200, answer
    return int(answer["metadata"]["resourceVersion"]), {
        item["metadata"]["name"]: (int(item["metadata"]["resourceVersion"]), item["data"]["value"])
        for item in answer["items"]
        if item["metadata"]["name"].startswith("w")
    }


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[TestServer]:
    server = TestServer(["--standalone-controllers=false"], data_dir=tmp_path)
    yield server
    server.kill()


@pytest.mark.timeout(600)
def test_kill_while_writing(crashing: TestServer) -> None:
    acknowledged: dict[str, tuple[int, str]] = {}
    newest = 0
    for round_ in range(ROUNDS):
        crashing.start()
        revision, found = stored(crashing)
        assert revision >= newest
        for name, (written_revision, value) in acknowledged.items():
            if found[name] != (written_revision, value):
                # a writer's last update may have been stored without being acknowledged
                found_revision, found_value = found[name]
                assert found_revision > written_revision
                assert value.startswith("first-")
                assert found_value == value.replace("first-", "second-") * 20
        newest = max([revision, *(r for r, _ in found.values())])
        writers = [Writer(crashing, number, round_, acknowledged) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        threading.Event().wait(random.uniform(0.05, 0.3))
        crashing.kill()
        for writer in writers:
            writer.join(30)
            assert writer.error is None
        newest = max([newest, *(r for r, _ in acknowledged.values())])
    assert len(acknowledged) > ROUNDS * WRITERS
