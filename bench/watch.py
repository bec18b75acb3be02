"""Fan-out: many watchers of one namespace while ConfigMaps are created in it."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.report import Result
from bench.setting import PAYLOAD, TOKEN, Failed, Server, Setting
from bench.wrk import Load

_WATCHERS = (100, 400)
_WRITERS = 8
_PATH = "/api/v1/namespaces/watched/configmaps"
NAMES = tuple(f"WATCH, {n} watchers" for n in _WATCHERS)


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        server.make("watched", [])
        for n in _WATCHERS:
            if setting.wanted(name := f"WATCH, {n} watchers"):
                yield _line(setting, server, name, n)


def _line(setting: Setting, server: Server, name: str, watchers: int) -> Result:
    writes: list[float] = []

    def load(turn: int) -> Load:
        return _fan_out(setting, server, watchers, turn, writes)

    def note(load: Load) -> str:
        return f"{load.bytes / load.seconds / 1e6:,.0f} MB/s, {statistics.median(writes):,.0f} writes/s"

    return setting.measure(name, _WRITERS, load, unit="events/s", note=note)


def _fan_out(setting: Setting, server: Server, watchers: int, turn: int, writes: list[float]) -> Load:
    """Events received by all watchers, from the first write until the last watcher has the last event."""
    revision = server.read(f"{_PATH}?limit=1")["metadata"]["resourceVersion"]
    path = f"{_PATH}?watch=true&resourceVersion={revision}"
    command = [sys.executable, "-m", "bench.watchers", str(server.port), TOKEN, path, str(watchers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    ) as process:
        try:
            if _ask(process) != {"ready": watchers}:
                raise Failed("the watchers do not connect")
            began = time.monotonic()
            load = server.load(
                _PATH, _WRITERS, setting.seconds, "create", f"w{watchers}-{turn}", json.dumps(PAYLOAD),
            )
            writes.append(load.rate)
            found = _settled(process, load.requests)
        finally:
            process.kill()
    return Load(sum(found["counts"]), found["bytes"], found["last"] - began, 0, 0)


def _settled(process: "subprocess.Popen[str]", written: int) -> dict[str, Any]:
    """Wait until all watchers have the same number of events: all that were acknowledged, and perhaps the few
    whose answers wrk did not wait for."""
    found: dict[str, Any] = {}
    for _ in range(300):
        time.sleep(0.1)
        before, found = found, _ask(process, "count\n")
        if found["broken"]:
            raise Failed(f"{found['broken']} watches ended or told of an error: {found['why']}")
        counts = found["counts"]
        if found == before and min(counts) == max(counts) >= written:
            return found
    raise Failed(f"{written} writes, but watchers have {min(counts)} to {max(counts)} events")


def _ask(process: "subprocess.Popen[str]", question: str = "") -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question)
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise Failed(f"the process of the watchers ended with code {process.wait()}")
    answer: dict[str, Any] = json.loads(line)
    return answer
