"""From the command to an answer of /readyz that is ok, and the memory of a server that has nothing to do."""

import contextlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench.report import Result
from bench.setting import Failed, Setting
from pilothouse.testing.server import free_port

NAMES = ("start, new directory", "start again", "memory, idle")
_GIVE_UP_SECONDS = 30.0


def run(setting: Setting) -> Iterator[Result]:
    first, again = [], []
    for _ in range(setting.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            first.append(_start(Path(directory), setting))
            again.append(_start(Path(directory), setting))
    if setting.wanted(NAMES[0]):
        note = f"{min(first):.2f} to {max(first):.2f}; makes keys and certificates"
        yield Result(NAMES[0], statistics.median(first), "s", note=note)
    if setting.wanted(NAMES[1]):
        yield Result(NAMES[1], statistics.median(again), "s", note=f"{min(again):.2f} to {max(again):.2f}")
    if setting.wanted(NAMES[2]):
        with setting.server() as server:
            time.sleep(3)
            yield Result(NAMES[2], server.resident_megabytes(), "MB", note="resident, three seconds after readyz")


def _start(directory: Path, setting: Setting) -> float:
    port = free_port()
    command = [
        sys.executable, "-m", "pilothouse", "serve", f"--data-dir={directory}", "--bind-address=127.0.0.1",
        f"--secure-port={port}", *setting.flags,
    ]
    with (directory / "log").open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(port, process, began + _GIVE_UP_SECONDS, directory / "log")
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], until: float, log: Path) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    while time.perf_counter() < until and process.poll() is None:
        with contextlib.suppress(URLError, OSError), urlopen(
            f"https://127.0.0.1:{port}/readyz", timeout=5, context=trusting
        ) as answer:
            if answer.status == 200:
                return
        time.sleep(0.005)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise Failed(f"the server did not become ready: {''.join(last)}")
