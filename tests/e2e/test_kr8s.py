"""kr8s against a real server."""

import subprocess
import sys
from pathlib import Path

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl


def test_kr8s(server: TestServer, kubectl: Kubectl) -> None:
    client = Path(__file__).with_name("kr8s_client.py")
    done = subprocess.run(
        [sys.executable, client, server.kubeconfig, kubectl.namespace], capture_output=True, text=True, timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
