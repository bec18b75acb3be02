"""End-to-end tests drive a real server process over TLS with real clients."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.testing.server import TestServer

ROOT = Path(__file__).parents[2]


def tool(name: str) -> str:
    """The path of a command that `make test` installs into .tools/bin; a missing one fails the test."""
    found = shutil.which(name, path=f"{ROOT / '.tools' / 'bin'}:{os.environ['PATH']}")
    assert found, f"{name} is missing: run `make test`, which installs it"
    return found


class Kubectl:
    """Runs kubectl on one namespace with a cache of its own."""

    def __init__(self, server: TestServer, namespace: str, home: Path) -> None:
        self.namespace = namespace
        self._server = server
        self._base = [tool("kubectl"), f"--kubeconfig={server.kubeconfig}", f"--namespace={namespace}"]
        self._environment = {**os.environ, "HOME": str(home), "KUBECONFIG": ""}

    def run(self, *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None) -> Any:
        return subprocess.run(
            [*self._base, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False,
            env=self._environment | (env or {}),
        )

    def with_token(self, token: str, *arguments: str) -> Any:
        """`run` with nothing but a bearer token for a credential."""
        anonymous = [
            self._base[0], "--kubeconfig=/dev/null", f"--server={self._server.url}", f"--namespace={self.namespace}",
            f"--certificate-authority={self._server.ca_file}", f"--token={token}",
        ]
        return subprocess.run(
            [*anonymous, *arguments], capture_output=True, text=True, timeout=60, check=False, env=self._environment
        )

    def __call__(self, *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None) -> str:
        """The standard output of a command that must succeed."""
        done = self.run(*arguments, stdin=stdin, env=env)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def fails(self, *arguments: str, stdin: str | None = None) -> str:
        """The standard error of a command that must fail."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} should have failed\n{done.stdout}"
        return str(done.stderr)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self._base, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self._environment,
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    data_dir = tmp_path_factory.mktemp("pilothouse")
    with TestServer(data_dir=data_dir) as running:
        yield running


@pytest.fixture(scope="session")
def new_kubectl(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Kubectl]:
    home = tmp_path_factory.mktemp("home")

    def make() -> Kubectl:
        kubectl = Kubectl(server, f"e2e-{uuid.uuid4().hex[:8]}", home)
        kubectl("create", "namespace", kubectl.namespace)
        return kubectl

    return make


@pytest.fixture
def kubectl(new_kubectl: Callable[[], Kubectl]) -> Kubectl:
    """kubectl on a fresh namespace."""
    return new_kubectl()
