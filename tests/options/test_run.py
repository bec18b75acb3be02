"""The server process as a whole, with a handler that answers "ok"."""

import os
import re
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pilothouse.options.complete import complete
from pilothouse.options.options import Options
from pilothouse.options.run import serving_names

SCRIPT = """
import asyncio, sys
from pilothouse.apimachinery.http import Response
from pilothouse.options.run import run

class Server:
    async def handler(self, request):
        return Response(200, b"ok")

    def follow_client_authorities(self, trust):
        pass

    async def start(self):
        pass

    async def shutdown(self, stop_listening):
        print("shutting down", flush=True)
        if "--profiling=false" in sys.argv:
            await asyncio.Event().wait()

sys.exit(run(sys.argv[1:], "kube-apiserver", lambda options: Server()))
"""


class Process:
    def __init__(self, directory: Path, *flags: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, f"--data-dir={directory}", "--secure-port=0", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def wait_for(self, pattern: str) -> re.Match[str]:
        assert self.process.stderr is not None
        seen = ""
        for line in self.process.stderr:
            seen += line
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line like {pattern} in:\n{seen}")

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def get(self, url: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.directory / "pki" / "ca.crt"))
        context.load_cert_chain(self.directory / "pki" / "admin.crt", self.directory / "pki" / "admin.key")
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return bytes(answer.read())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_says_how_to_connect_and_stops_in_order(tmp_path: Path, number: int) -> None:
    server = Process(tmp_path)
    url = server.wait_for(r"Pilothouse serves Kubernetes v1\.36\.2 at (https://127\.0\.0\.1:\d+)")[1]
    path = Path(server.wait_for(r"export KUBECONFIG=(.*)$")[1])
    assert path == tmp_path / "admin.kubeconfig"
    assert url in path.read_text()
    assert server.get(url) == b"ok"
    code, out, _ = server.end(number)
    assert (code, out) == (0, "shutting down\n")


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    server = Process(tmp_path, "--profiling=false")
    server.wait_for(r"Serving securely")
    server.process.send_signal(signal.SIGTERM)
    server.wait_for(r"ShutdownInitiated")
    assert server.end(signal.SIGTERM)[0] == 1


def test_json_logs_hold_no_other_lines(tmp_path: Path) -> None:
    server = Process(tmp_path, "--logging-format=json")
    server.wait_for(r'^\{.*"msg":"Serving securely"')
    code, _, err = server.end(signal.SIGTERM)
    assert code == 0
    assert all(line.startswith("{") for line in err.splitlines())


def test_wrong_flags_and_a_taken_port_exit_1(tmp_path: Path) -> None:
    server = Process(tmp_path, "--no-such", "--authorization-mode=Nope")
    _, err = server.process.communicate(timeout=20)
    assert server.process.returncode == 1
    assert err == 'Error: [unknown flag: --no-such, authorization-mode "Nope" is not a valid mode]\n'
    first = Process(tmp_path / "1")
    port = first.wait_for(r'"Serving securely" address="127\.0\.0\.1:(\d+)"')[1]
    second = Process(tmp_path / "2", f"--secure-port={port}")
    _, err = second.process.communicate(timeout=20)
    assert second.process.returncode == 1
    assert f"Error: failed to create listener: failed to listen on 127.0.0.1:{port}: " in err
    first.end(signal.SIGTERM)


def test_a_data_directory_that_cannot_be_made_exits_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = Process(tmp_path / "file" / "data")
    _, err = server.process.communicate(timeout=20)
    assert server.process.returncode == 1
    assert "Error: " in err
    assert "Traceback" not in err


def test_the_serving_certificate_covers_every_way_in() -> None:
    options = complete(Options.parse(["--advertise-address=192.0.2.7", "--external-hostname=api.example",
                                      "--service-cluster-ip-range=10.96.0.0/12", "--bind-address=192.0.2.8"]))
    names, addresses = serving_names(options)
    assert {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", os.uname().nodename.lower(),
            "kubernetes.default.svc.cluster.local", "api.example"} == set(names)
    assert addresses == ["127.0.0.1", "::1", "192.0.2.7", "10.96.0.1", "192.0.2.8"]
