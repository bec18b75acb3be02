"""Runs wrk and reads what it found."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LUA = Path(__file__).parent / "lua"
_MARK = "bench: "


class WrkFailed(Exception):
    """wrk met errors; the text says which."""


@dataclass(frozen=True)
class Load:
    """What one run did: requests, and bytes received, in so many seconds; the CPU that each took of the server."""

    requests: int
    bytes: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_microseconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def wrk(
    url: str, connections: int, seconds: int, *, script: str = "get", headers: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> Load:
    """Load `url` with `connections`. Raises WrkFailed when any answer was an error or none came."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=20s", "-s", str(_LUA / f"{script}.lua")]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run([*command, url, "--", *arguments], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not lines:
        raise WrkFailed(f"wrk ended with code {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    found = json.loads(lines[-1].removeprefix(_MARK))
    errors = {kind: count for kind, count in found["errors"].items() if count}
    if errors or not found["requests"]:
        raise WrkFailed(f"{found['requests']} requests to {url} with errors {errors}")
    return Load(
        found["requests"], found["bytes"], found["microseconds"] / 1e6, found["p50"] / 1000, found["p99"] / 1000,
    )
