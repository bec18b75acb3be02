import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.storage.interface import Loaded, Record
from pilothouse.storage.sqlite import SQLiteBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def _filled(path: Path, count: int = 300) -> list[Record]:
    backend = SQLiteBackend(path)
    backend.open()
    records = [Record(n, f"/registry/x/{n}", b"v" * 1000) for n in range(2, count + 2)]
    backend.commit(records)
    backend.close()
    return records


def test_the_files_are_readable_for_the_owner_only(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.open()
    backend.commit([Record(2, "/registry/x/a", b"{}")])
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600}
    backend.close()


def test_commits_are_synchronous_in_write_ahead_mode(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.open()
    db = backend._connection()
    settings = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    backend.close()


def test_a_second_process_is_refused(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.open()
    script = (
        "import sys; from pilothouse.storage.sqlite import SQLiteBackend\n"
        "try: SQLiteBackend(sys.argv[1]).open()\nexcept OSError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True).stdout
    assert out == f"cannot open the store {path}: another process has it open\n"
    backend.commit([Record(2, "/registry/x/a", b"{}")])
    backend.close()
    again = SQLiteBackend(path)
    assert again.open().revision == 2
    again.close()


def test_a_failed_commit_leaves_nothing_behind(path: Path) -> None:
    backend = SQLiteBackend(path, max_pages=60)
    backend.open()
    first = [Record(n, f"/registry/x/{n}", b"v" * 1000) for n in range(2, 102)]
    backend.commit(first)
    too_many = [Record(n, f"/registry/x/{n}", b"v" * 1000) for n in range(102, 402)]
    with pytest.raises(OSError, match=r"cannot commit to the store .*: the disk is full"):
        backend.commit(too_many)
    with pytest.raises(OSError, match="the disk is full"):
        backend.commit(too_many[:100])
    backend.close()
    with pytest.raises(OSError, match="is not open"):
        backend.commit(first)
    again = SQLiteBackend(path)
    assert again.open() == Loaded(101, 0, first)
    again.close()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"certainly no database " * 1000)
    with pytest.raises(OSError, match=r"cannot open the store .*: the file is damaged"):
        SQLiteBackend(path).open()


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_torn_file_is_refused(path: Path, keep: float) -> None:
    _filled(path)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * keep))
    with pytest.raises(OSError, match="the file is damaged"):
        SQLiteBackend(path).open()


def test_an_overwritten_page_is_noticed(path: Path) -> None:
    _filled(path)
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xee" * 4096)
    with pytest.raises(OSError, match="the file is damaged"):
        SQLiteBackend(path).open()


def test_a_torn_end_of_the_log_is_a_commit_that_never_was(path: Path, tmp_path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.open()
    wal = path.with_name("store.db-wal")
    backend.commit([Record(2, "/registry/x/a", b"{}")])
    size = wal.stat().st_size
    backend.commit([Record(3, "/registry/x/b", b"v" * 20_000)])
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(wal.read_bytes()[: size + 6000])
    torn = SQLiteBackend(copy)
    assert torn.open() == Loaded(2, 0, [Record(2, "/registry/x/a", b"{}")])
    torn.close()
    backend.close()


def test_somebody_elses_database_is_refused(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(OSError, match="is a SQLite file, but not a Pilothouse store"):
        SQLiteBackend(path).open()


def test_a_newer_format_is_refused(path: Path) -> None:
    _filled(path, 1)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(OSError, match="has store format 2; this version of Pilothouse reads format 1"):
        SQLiteBackend(path).open()


def test_a_missing_directory_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SQLiteBackend(tmp_path / "none" / "store.db").open()


def test_space_is_used_again_after_compaction(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.open()
    revision = 1

    def rewrite(times: int) -> None:
        nonlocal revision
        for _ in range(times):
            previous = revision if revision > 1 else 0
            revision += 1
            backend.commit([Record(revision, "/registry/x/a", b"v" * 4000, False, previous)])
        backend.compact(revision)

    for _ in range(10):
        rewrite(200)
    backend.close()
    assert path.stat().st_size < 3_000_000


_LIMITED = """
import asyncio, resource, sys
from pilothouse.storage.interface import StorageFailed
from pilothouse.storage.sqlite import SQLiteBackend
from tests.storage.support import key, obj, running

async def main():
    async with running(SQLiteBackend(sys.argv[1])) as (storage, cacher):
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        async def write(writer):
            for n in range(1000):
                await cacher.create(key(f"{writer}-{n}"), obj(f"{writer}-{n}", x="v" * 700))
                print(key(f"{writer}-{n}"), flush=True)
        outcomes = await asyncio.gather(*map(write, range(8)), return_exceptions=True)
        assert all(isinstance(o, StorageFailed) for o in outcomes), outcomes
        assert not storage.healthy

asyncio.run(main())
"""


def test_writes_that_the_system_refuses_leave_exactly_what_was_acknowledged(path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()
    backend = SQLiteBackend(path)
    assert sorted(record.key for record in backend.open().records) == sorted(told)
    assert len(told) > 50
    backend.close()
