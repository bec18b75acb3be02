"""The embedded backend: an append-only log of revisions in one SQLite file.

WAL with `synchronous=FULL`: a commit is one write and one fsync of the write-ahead log. The file is locked
exclusively for as long as it is open, so a second server on it is refused; the lock goes with the process.
When a commit fails for want of an fsync, its transaction may stand whole in the log, and the next one who opens
the file would find it, although its writers were told that it failed. A small file beside the store says from
which revision on that is so, and opening takes it back.
A commit is one statement whenever it can be: each call into SQLite gives up the interpreter lock, and
getting it back from a busy event loop costs more than the insert.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pilothouse.storage.interface import Loaded, Record

#: "PhSt", so that `file` and we know a store when we see one.
APPLICATION_ID: Final = 0x50685374
FORMAT: Final = 1
#: SQLite takes 32766 parameters in one statement, Python's module caches a hundred of them.
_ROWS: Final = 100
_CHECKPOINT_PAGES: Final = 4000

_SCHEMA: Final = (
    # The value stands last: compaction reads the other columns and never a large value's overflow pages.
    "CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, deleted INTEGER NOT NULL,"
    " previous INTEGER NOT NULL, value BLOB NOT NULL)",
    "CREATE TABLE state (revision INTEGER NOT NULL, compacted INTEGER NOT NULL)",
    "INSERT INTO state VALUES (1, 0)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
_INSERT: Final = "INSERT INTO log (revision, key, value, deleted, previous) VALUES "


class SQLiteBackend:
    """A `Backend` in the file `path`, made with mode 0600. `max_pages` bounds its size (for tests of a full disk)."""

    blocking = True

    def __init__(self, path: str | os.PathLike[str], *, max_pages: int | None = None) -> None:
        self.path = Path(path)
        self._max_pages = max_pages
        self._marker = self.path.with_name(self.path.name + "-failed")
        self._failure: OSError | None = None
        self._db: sqlite3.Connection | None = None
        self._inserts = [_INSERT + ",".join(["(?,?,?,?,?)"] * rows) for rows in range(_ROWS + 1)]

    def open(self) -> Loaded:
        with self._failing("cannot open"):
            self._create_file()
            # One call may come from another thread than the one before: Storage serialises them.
            db = sqlite3.connect(self.path, isolation_level=None, timeout=0, check_same_thread=False)
            try:
                return self._load(db)
            except BaseException:
                db.close()
                raise

    def commit(self, records: Sequence[Record]) -> None:
        db = self._connection()
        if self._failure is not None:
            raise self._failure
        with self._failing("cannot commit to"):
            try:
                if len(records) <= _ROWS:
                    db.execute(self._inserts[len(records)], _parameters(records))
                else:
                    with _transaction(db):
                        for start in range(0, len(records), _ROWS):
                            part = records[start : start + _ROWS]
                            db.execute(self._inserts[len(part)], _parameters(part))
            except sqlite3.Error as error:
                self._failure = OSError(f"cannot commit to the store {self.path}: {_explain(error)}")
                self._disown(db, records[0].revision)
                raise

    def _disown(self, db: sqlite3.Connection, revision: int) -> None:
        """See that a failed commit, whose first revision this is, is not found when the file is opened again."""
        with contextlib.suppress(sqlite3.Error):
            ((busy, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if not busy:
                return
        with contextlib.suppress(OSError):
            marker = os.open(self._marker, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            try:
                os.write(marker, str(revision).encode())
                os.fsync(marker)
            finally:
                os.close(marker)

    def _take_back(self, db: sqlite3.Connection) -> None:
        """Remove what a failed commit may have left."""
        try:
            text = self._marker.read_bytes()
        except FileNotFoundError:
            return
        if text.isdigit():
            with _transaction(db):
                db.execute("DELETE FROM log WHERE revision >= ?", (int(text),))
        self._marker.unlink()

    def compact(self, revision: int) -> None:
        db = self._connection()
        with self._failing("cannot compact"), _transaction(db):
            ((compacted,),) = db.execute("SELECT compacted FROM state").fetchall()
            if revision <= compacted:
                return
            span = (compacted, revision)
            db.execute(
                "DELETE FROM log WHERE revision IN"
                " (SELECT previous FROM log WHERE revision > ? AND revision <= ? AND previous > 0)", span,
            )
            # The newest revision ever given out must outlive its record.
            db.execute("UPDATE state SET compacted = ?, revision = max(revision, ?)", (revision, revision))
            db.execute("DELETE FROM log WHERE revision > ? AND revision <= ? AND deleted", span)

    def close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with self._failing("cannot close"):
                db.close()

    def size(self) -> int:
        total = 0
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def _create_file(self) -> None:
        """Make the file ourselves: SQLite would make it readable for all, and its WAL takes the same mode."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _load(self, db: sqlite3.Connection) -> Loaded:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        if self._max_pages is not None:
            db.execute(f"PRAGMA max_page_count = {self._max_pages}")
        with _transaction(db):
            self._prepare(db)
        self._take_back(db)
        ((revision, compacted),) = db.execute("SELECT revision, compacted FROM state").fetchall()
        records = [
            Record(row[0], row[1], row[2], bool(row[3]), row[4])
            for row in db.execute("SELECT revision, key, value, deleted, previous FROM log ORDER BY revision")
        ]
        self._db = db
        self._failure = None
        return Loaded(max(revision, records[-1].revision if records else 0), compacted, records)

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Create the tables of a new file; refuse a file that is something else."""
        ((application,),) = db.execute("PRAGMA application_id").fetchall()
        ((version,),) = db.execute("PRAGMA user_version").fetchall()
        ((tables,),) = db.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if application == 0 and tables == 0:
            for statement in _SCHEMA:
                db.execute(statement)
        elif application != APPLICATION_ID:
            raise OSError(f"{self.path} is a SQLite file, but not a Pilothouse store")
        elif version != FORMAT:
            raise OSError(f"{self.path} has store format {version}; this version of Pilothouse reads format {FORMAT}")

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise OSError(f"the store {self.path} is not open")
        return self._db

    @contextlib.contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Errors of SQLite as OSError with a text for the operator."""
        try:
            yield
        except sqlite3.Error as error:
            raise OSError(f"{what} the store {self.path}: {_explain(error)}") from error


def _parameters(records: Sequence[Record]) -> list[Any]:
    """The columns as exact int, str and bytearray, which Python's module binds without asking for an adapter."""
    return [
        column for revision, key, value, deleted, previous in records
        for column in (revision, key, bytearray(value), int(deleted), previous)
    ]


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _explain(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another process has it open"
        case sqlite3.SQLITE_FULL:
            return "the disk is full"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"the file is damaged ({error})"
    return str(error)
