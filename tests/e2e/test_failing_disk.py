"""A server whose disk fails: what was not made durable is refused, shown to nobody, and /readyz says so."""

import json
import sys
from pathlib import Path
from typing import Any

from pilothouse.testing.server import TestServer
from tests.e2e.test_crash import PATH, connect, request


def test_a_server_whose_fsync_fails(tmp_path: Path) -> None:
    trigger = tmp_path / "trigger"
    command = (sys.executable, "-m", "tests.faults", str(trigger), "serve")
    with TestServer(data_dir=tmp_path / "data", command=command) as server:
        connection = connect(server)

        def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            return request(server, connection, method, path, body)

        def create(name: str) -> tuple[int, Any]:
            return ask("POST", PATH, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})

        assert create("before")[0] == 201
        trigger.touch()
        while not trigger.with_suffix(".done").exists():
            assert ask("GET", "/version")[0] == 200
        assert create("lost")[0] == 500
        assert ask("GET", f"{PATH}/lost")[0] == 404
        assert [item["metadata"]["name"] for item in ask("GET", PATH)[1]["items"] if "kube-root" not in
                item["metadata"]["name"]] == ["before"]
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        assert (answer.status, b"failed" in answer.read()) == (500, True)
        assert create("more")[0] == 500
        assert ask("GET", f"{PATH}/before")[0] == 200
        assert "Traceback" not in server.log
        connection.close()
        server.kill()
    with TestServer(data_dir=tmp_path / "data") as server:
        connection = connect(server)
        names = [item["metadata"]["name"] for item in request(server, connection, "GET", PATH)[1]["items"]]
        connection.close()
        assert "before" in names
        assert {"lost", "more"}.isdisjoint(names), json.dumps(names)
