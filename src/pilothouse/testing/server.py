"""A real Pilothouse process for tests (the counterpart of envtest).

    with TestServer() as server:
        subprocess.run(["kubectl", "--kubeconfig", server.kubeconfig, "get", "ns"], check=True)

Every server has a data directory, certificates and a port of its own, so tests can run side by side.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class StartError(RuntimeError):
    """The server did not become ready; the text carries the end of its log."""


class TestServer:
    """Starts `pilothouse serve` on a free loopback port and waits until /readyz is ok.

    `flags` are added to the command line. With `data_dir` the caller owns the directory, and a second
    server may be started on it later; without, it lives as long as this object. `tokens` are lines of a
    token file ("token,user,uid,group"); the first one's token is `token`. `command` starts another installation's
    server than this Python's.
    """

    __test__ = False

    def __init__(
        self,
        flags: Sequence[str] = (),
        *,
        data_dir: Path | None = None,
        tokens: Sequence[str] = ("testing-admin-token,admin,admin-uid,system:masters",),
        command: Sequence[str] = (sys.executable, "-m", "pilothouse", "serve"),
        start_seconds: float = 30.0,
    ) -> None:
        self._stack = contextlib.ExitStack()
        self._flags = tuple(flags)
        self._tokens = tuple(tokens)
        self._command = tuple(command)
        self._start_seconds = start_seconds
        self._given_data_dir = data_dir
        self.data_dir: Path
        self.port = 0
        self.process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig with a client certificate."""
        return self.data_dir / "admin.kubeconfig"

    @property
    def ca_file(self) -> Path:
        """The certificate authority that signed the serving certificate, as PEM."""
        return self.data_dir / "pki" / "ca.crt"

    @property
    def token(self) -> str:
        return self._tokens[0].split(",")[0]

    @property
    def log(self) -> str:
        return (self.data_dir / "server.log").read_text(errors="replace")

    def start(self) -> TestServer:
        """Start the process and wait for readiness. Raises StartError."""
        if self._given_data_dir is None:
            directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pilothouse-"))
            self.data_dir = Path(directory)
        else:
            self.data_dir = self._given_data_dir
            self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        token_file = self.data_dir / "tokens.csv"
        token_file.touch(mode=0o600)
        token_file.write_text("".join(line + "\n" for line in self._tokens))
        command = [
            *self._command, f"--data-dir={self.data_dir}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", f"--token-auth-file={token_file}", f"--kubeconfig-out={self.kubeconfig}",
            *self._flags,
        ]
        with (self.data_dir / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            self._wait_ready()
        except StartError:
            self._stack.close()
            raise
        return self

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartError(f"the server ended with code {self.process.returncode}:\n{self.log[-4000:]}")
            if self._ready():
                return
            time.sleep(0.02)
        self.kill()
        raise StartError(f"not ready after {self._start_seconds} s:\n{self.log[-4000:]}")

    def _ready(self) -> bool:
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            request = urllib.request.Request(f"{self.url}/readyz", headers={"Authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> int:
        """End it in order (SIGTERM); returns the exit code. The data directory stays if the caller owns it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        finally:
            self.kill()
            self._stack.close()
        return code

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __enter__(self) -> TestServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on just now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
