"""kill -9 while eight writers write: no acknowledged write is missing, none is torn, revisions go on."""

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from pilothouse.storage.interface import Event
from pilothouse.storage.sqlite import SQLiteBackend
from tests.storage.support import ALL, PREFIX, key, running

_ROOT = Path(__file__).parents[2]


class _Told:
    """What the writers said over all rounds: for each key its last acknowledged (revision, step; negative: deleted)."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[int, int]] = {}
        self.newest: dict[str, int] = {}

    def hear(self, line: str) -> None:
        writer, name, revision, step = line.split()
        assert int(revision) > self.newest.get(writer, 0), "revisions go on"
        self.newest[writer] = int(revision)
        self.keys[key(name)] = (int(revision), int(step))


def _round(path: Path, told: _Told, lines: int) -> None:
    """Run the writers until they have told `lines` writes, kill them, and take in what they still had told."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.crash_writer", str(path)], cwd=_ROOT, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])},
    )
    assert child.stdout is not None
    with child, child.stdout:
        before = max(told.newest.values(), default=1)
        first = True
        for count, line in enumerate(child.stdout):
            told.hear(line)
            if first:
                assert int(line.split()[2]) > before, "the first revision after a crash"
                first = False
            if count == lines:
                child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL


async def _look(path: Path, told: _Told) -> None:
    async with running(SQLiteBackend(path)) as (storage, cacher):
        assert storage.revision >= max(told.newest.values())
        items, _ = cacher.snapshot(ALL)
        found = {item.key: item for item in items}
        for name, (revision, step) in told.keys.items():
            item = found.get(name)
            # The one write that a writer was still waiting for may have happened or not.
            last = told.newest[name.removeprefix(PREFIX + "ns/").split("-")[0]]
            if item is None:
                assert step < 0 or _deleted_later(cacher.history.events, name, last), f"{name} is missing"
                continue
            assert item.revision >= revision, f"{name} is older than what was acknowledged"
            assert item.revision == revision or item.revision > last
            body = orjson.loads(item.body)
            assert body["metadata"]["resourceVersion"] == str(item.revision)
            data = body["data"]
            assert hashlib.sha256(data["filler"].encode()).hexdigest() == data["digest"], f"{name} is torn"
            assert item.revision != revision or data["step"] == str(step)


def _deleted_later(events: list[Event], name: str, last: int) -> bool:
    return any(event.item.key == name and event.deleted and event.revision > last for event in events)


def _crash(path: Path, rounds: int) -> None:
    told = _Told()
    chance = random.Random(rounds)
    for _ in range(rounds):
        _round(path, told, chance.randrange(5, 1500))
        asyncio.run(_look(path, told))


def test_a_few_crashes(tmp_path: Path) -> None:
    _crash(tmp_path / "store.db", 4)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_crashes(tmp_path: Path) -> None:
    _crash(tmp_path / "store.db", 50)
