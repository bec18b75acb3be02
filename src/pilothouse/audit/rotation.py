"""A log file that is rotated by size, with old ones removed by number and age (upstream: lumberjack)."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

_STAMP = "%Y-%m-%dT%H-%M-%S"
_DAY = 24 * 3600.0
_PACKED = ".gz"


class RotatingFile:
    """Appends to `path`. A file that would pass `max_bytes` (0: no limit) is renamed to NAME-TIME.EXT first.

    `max_backups` and `max_days` bound what is kept of those; 0 keeps all. With `compress` they are gzipped. That is
    done by a thread, which nobody waits for. Not safe for several threads at once. Raises OSError.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 0, max_backups: int = 0, max_days: int = 0, compress: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._backups = Backups(path, max_backups, max_days * _DAY, compress)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._open(0o600)
        self._size = self._path.stat().st_size
        if max_bytes:
            self._backups.clean_later(clock())

    def _open(self, mode: int) -> int:
        return os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, mode)

    def write(self, lines: Sequence[bytes]) -> None:
        """All of them, none in two files."""
        if not self._max_bytes or self._size + sum(map(len, lines)) <= self._max_bytes:
            self._append(b"".join(lines))
            return
        for line in lines:
            if self._size and self._size + len(line) > self._max_bytes:
                self._rotate()
            self._append(line)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self._size += written
            view = view[written:]

    def close(self) -> None:
        os.close(self._file)
        self._backups.wait()

    def _rotate(self) -> None:
        """The file stays open until there is another: what fails now is tried again with the next line."""
        mode, now = 0o600, self._clock()
        with contextlib.suppress(FileNotFoundError):
            mode = self._path.stat().st_mode & 0o777
            self._path.rename(self._backups.path(now))
        file, self._file = self._file, self._open(mode)
        self._size = 0
        os.close(file)
        self._backups.clean_later(now)


class Backups:
    """The files that were renamed, and the thread that looks after them."""

    def __init__(self, path: Path, most: int, seconds: float, compress: bool) -> None:
        self._folder = path.parent
        stem, dot, extension = path.name.rpartition(".")
        self._prefix, self._suffix = (f"{stem}-", dot + extension) if dot else (f"{path.name}-", "")
        self._most = most
        self._seconds = seconds
        self._compress = compress
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def path(self, now: float) -> Path:
        stamp = f"{datetime.fromtimestamp(now, UTC):{_STAMP}}.{int(now * 1000) % 1000:03d}"
        return self._folder / f"{self._prefix}{stamp}{self._suffix}"

    def clean_later(self, now: float) -> None:
        if self._most or self._seconds or self._compress:
            self._thread = threading.Thread(target=self._clean, args=(now,), name="audit-backups", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until nothing is left to be done."""
        if self._thread is not None:
            self._thread.join()

    def _clean(self, now: float) -> None:
        """What goes wrong here does not keep events from being written (and lumberjack does not tell either)."""
        with self._lock, contextlib.suppress(OSError):
            counted: set[str] = set()
            for when, path in self._found():
                # one that is being compressed is there twice
                counted.add(path.name.removesuffix(_PACKED))
                if (self._most and len(counted) > self._most) or (self._seconds and when < now - self._seconds):
                    path.unlink(missing_ok=True)
                elif self._compress and not path.name.endswith(_PACKED):
                    _gzip(path)

    def _found(self) -> list[tuple[float, Path]]:
        """(time of its rotation, file), newest first."""
        found = []
        for path in self._folder.iterdir():
            name = path.name.removesuffix(_PACKED)
            if name.startswith(self._prefix) and name.endswith(self._suffix):
                stamp, _, milliseconds = name[len(self._prefix): len(name) - len(self._suffix)].partition(".")
                with contextlib.suppress(ValueError):
                    when = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
                    found.append((when + int(milliseconds) / 1000, path))
        return sorted(found, reverse=True)


def _gzip(path: Path) -> None:
    target = path.with_name(path.name + _PACKED)
    handle = os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, path.stat().st_mode & 0o777)
    try:
        with path.open("rb") as plain, os.fdopen(handle, "wb") as out, gzip.GzipFile(fileobj=out, mode="wb") as packed:
            shutil.copyfileobj(plain, packed)
    except OSError:
        target.unlink(missing_ok=True)
        raise
    path.unlink()
