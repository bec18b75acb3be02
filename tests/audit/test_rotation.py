import gzip
from pathlib import Path

import pytest

from pilothouse.audit.rotation import RotatingFile


class Clock:
    now = 1_700_000_000.25

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_grows_until_it_is_full(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "sub" / "audit.log"
    file = RotatingFile(path, max_bytes=10, clock=clock)
    file.write([b"12345\n", b"123\n"])
    assert path.read_bytes() == b"12345\n123\n"
    file.write([b"x\n"])
    assert path.read_bytes() == b"x\n"
    assert names(path.parent) == ["audit-2023-11-14T22-13-20.250.log", "audit.log"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    file.close()
    again = RotatingFile(path, max_bytes=10, clock=clock)
    again.write([b"larger than all that\n"])
    assert path.read_bytes() == b"larger than all that\n"
    again.close()


def test_old_files_go_by_number_and_age(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "audit.log"
    (tmp_path / "audit-other.log").write_text("not ours")
    file = RotatingFile(path, max_bytes=1, max_backups=2, max_days=1, compress=True, clock=clock)
    for i in range(5):
        file.write([b"%d" % i])
        file._backups.wait()
        clock.now += 1
    assert names(tmp_path) == [
        "audit-2023-11-14T22-13-23.250.log.gz", "audit-2023-11-14T22-13-24.250.log.gz", "audit-other.log", "audit.log"
    ]
    with gzip.open(tmp_path / "audit-2023-11-14T22-13-24.250.log.gz") as packed:
        assert packed.read() == b"3"
    clock.now += 2 * 24 * 3600
    file.write([b"5"])
    file.close()
    assert len(names(tmp_path)) == 3


def test_no_limits(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path)
    file.write([b"x" * 100, b"y" * 100])
    assert names(tmp_path) == ["audit.log"]
    file.close()


def test_lines_are_never_in_two_files(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "audit"
    file = RotatingFile(path, max_bytes=10, clock=clock)
    path.chmod(0o640)
    file.write([b"12345\n", b"678\n", b"9\n"])
    assert path.read_bytes() == b"9\n"
    assert (tmp_path / "audit-2023-11-14T22-13-20.250").read_bytes() == b"12345\n678\n"
    assert path.stat().st_mode & 0o777 == 0o640
    file.close()


def test_a_file_that_cannot_be_renamed_is_tried_again(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "audit.log"
    file = RotatingFile(path, max_bytes=10, clock=clock)
    file.write([b"12345\n"])
    in_the_way = tmp_path / "audit-2023-11-14T22-13-20.250.log"
    in_the_way.mkdir()
    with pytest.raises(IsADirectoryError):
        file.write([b"67890\n"])
    assert path.read_bytes() == b"12345\n"
    in_the_way.rmdir()
    file.write([b"abcde\n"])
    assert (path.read_bytes(), in_the_way.read_bytes()) == (b"abcde\n", b"12345\n")
    # one that somebody has removed
    path.unlink()
    file.write([b"fghij\n"])
    assert path.read_bytes() == b"fghij\n"
    file.close()


def test_a_file_that_is_being_compressed_counts_once(tmp_path: Path) -> None:
    for name in ("audit-2023-11-14T22-13-20.250.log", "audit-2023-11-14T22-13-20.250.log.gz",
                 "audit-2023-11-13T22-13-20.250.log"):
        (tmp_path / name).write_text("x")
    file = RotatingFile(tmp_path / "audit.log", max_bytes=10, max_backups=2, clock=Clock())
    file.close()
    assert len(names(tmp_path)) == 4
