import gzip
from pathlib import Path

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
    file.write(b"12345\n")
    file.write(b"123\n")
    assert path.read_bytes() == b"12345\n123\n"
    file.write(b"x\n")
    assert path.read_bytes() == b"x\n"
    assert names(path.parent) == ["audit-2023-11-14T22-13-20.250.log", "audit.log"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    file.close()
    again = RotatingFile(path, max_bytes=10, clock=clock)
    again.write(b"larger than all that\n")
    assert path.read_bytes() == b"larger than all that\n"
    again.close()


def test_old_files_go_by_number_and_age(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "audit.log"
    (tmp_path / "audit-other.log").write_text("not ours")
    file = RotatingFile(path, max_bytes=1, max_backups=2, max_days=1, compress=True, clock=clock)
    for i in range(5):
        file.write(b"%d" % i)
        clock.now += 1
    assert names(tmp_path) == [
        "audit-2023-11-14T22-13-23.250.log.gz", "audit-2023-11-14T22-13-24.250.log.gz", "audit-other.log", "audit.log"
    ]
    with gzip.open(tmp_path / "audit-2023-11-14T22-13-24.250.log.gz") as packed:
        assert packed.read() == b"3"
    clock.now += 2 * 24 * 3600
    file.write(b"5")
    assert len(names(tmp_path)) == 3
    file.close()


def test_no_limits(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path)
    file.write(b"x" * 100)
    file.write(b"y" * 100)
    assert names(tmp_path) == ["audit.log"]
    file.close()
