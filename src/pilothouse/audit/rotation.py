"""A log file that is rotated by size, with old ones removed by number and age (upstream: lumberjack)."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

_STAMP = "%Y-%m-%dT%H-%M-%S"
_DAY = 24 * 3600.0


class RotatingFile:
    """Appends to `path`. A file that would pass `max_bytes` (0: no limit) is renamed to NAME-TIME.EXT first.

    `max_backups` and `max_days` bound what is kept of those; 0 keeps all. With `compress` they are gzipped. Not
    safe for several threads at once. Raises OSError.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 0, max_backups: int = 0, max_days: int = 0, compress: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_backups = max_backups
        self._max_seconds = max_days * _DAY
        self._compress = compress
        self._clock = clock
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._open()
        self._size = self._path.stat().st_size

    def _open(self) -> int:
        return os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def write(self, data: bytes) -> None:
        """All of it, in one file."""
        if self._max_bytes and self._size and self._size + len(data) > self._max_bytes:
            self._rotate()
        self._size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view):]

    def close(self) -> None:
        os.close(self._file)

    def _rotate(self) -> None:
        os.close(self._file)
        self._path.rename(self._backup_name())
        self._file, self._size = self._open(), 0
        self._clean()

    def _backup_name(self) -> Path:
        now = self._clock()
        stamp = f"{datetime.fromtimestamp(now, UTC):{_STAMP}}.{int(now * 1000) % 1000:03d}"
        return self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")

    def _backups(self) -> list[tuple[float, Path]]:
        """(time of its rotation, file), newest first."""
        found = []
        prefix = f"{self._path.stem}-"
        for path in self._path.parent.iterdir():
            name = path.name.removesuffix(".gz")
            if name.startswith(prefix) and name.endswith(self._path.suffix):
                stamp, _, milliseconds = name.removeprefix(prefix).removesuffix(self._path.suffix).partition(".")
                with contextlib.suppress(ValueError):
                    when = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
                    found.append((when + int(milliseconds) / 1000, path))
        return sorted(found, reverse=True)

    def _clean(self) -> None:
        oldest = self._clock() - self._max_seconds
        for i, (when, path) in enumerate(self._backups()):
            if (self._max_backups and i >= self._max_backups) or (self._max_seconds and when < oldest):
                path.unlink()
            elif self._compress and path.suffix != ".gz":
                _gzip(path)


def _gzip(path: Path) -> None:
    target = os.open(path.with_name(f"{path.name}.gz"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with path.open("rb") as plain, os.fdopen(target, "wb") as out, gzip.GzipFile(fileobj=out, mode="wb") as packed:
        shutil.copyfileobj(plain, packed)
    path.unlink()
