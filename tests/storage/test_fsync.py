"""A disk whose fsync fails: the system really answers EIO (see `tests.faults`)."""

import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.storage.sqlite import SQLiteBackend

_ROOT = Path(__file__).parents[2]
_RUN = """
import asyncio, os, signal, sys
from pilothouse.storage.interface import StorageFailed
from pilothouse.storage.sqlite import SQLiteBackend
from tests.faults import fail_fsync
from tests.storage.support import ALL, PREFIX, key, names, obj, running

async def main():
    async with running(SQLiteBackend(sys.argv[1])) as (storage, cacher):
        first = await cacher.create(key("a"), obj("a", x="1"))
        await cacher.create(key("b"), obj("b"))
        watch = cacher.watch(ALL, revision=storage.revision)
        fail_fsync()
        writes = [
            cacher.create(key("c"), obj("c")), cacher.update(key("a"), obj("a", x="2"), first),
            cacher.delete(key("b"), cacher.get(key("b"))),
        ]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(o, StorageFailed) for o in outcomes), outcomes
        assert not storage.healthy
        assert cacher.get(key("a")) is first and cacher.newest(key("a")) is first
        assert names(cacher.snapshot(ALL)[0]) == ["a", "b"]
        assert isinstance((await asyncio.gather(cacher.create(key("d"), obj("d")), return_exceptions=True))[0],
                          StorageFailed)
        watch.close()
        assert await watch.batch() == []
        if sys.argv[2] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["kill", "close"])
def test_writes_whose_fsync_failed_never_show_up(tmp_path: Path, end: str) -> None:
    path = tmp_path / "store.db"
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(path), end], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == (-9 if end == "kill" else 0), done.stderr
    for _ in range(2):
        backend = SQLiteBackend(path)
        loaded = backend.open()
        assert [(r.revision, r.key.rpartition("/")[2], r.deleted) for r in loaded.records] == [
            (2, "a", False), (3, "b", False)
        ]
        assert loaded.revision == 3
        backend.close()
    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]
