from pathlib import Path

import pytest

from pilothouse.storage import conformance
from pilothouse.storage.interface import Loaded, Record
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.sqlite import SQLiteBackend


@pytest.mark.parametrize("check", conformance.CHECKS)
def test_memory(check: conformance.Check) -> None:
    backend = MemoryBackend()
    check(lambda: backend)


@pytest.mark.parametrize("check", conformance.CHECKS)
def test_sqlite(check: conformance.Check, tmp_path: Path) -> None:
    check(lambda: SQLiteBackend(tmp_path / "store.db"))


def test_a_backend_that_forgets_is_found_out() -> None:
    with pytest.raises(conformance.NonConforming, match="what was committed: found"):
        conformance.commits_survive_reopening(MemoryBackend)


def test_a_backend_that_loses_its_revision_is_found_out() -> None:
    class Careless(MemoryBackend):
        def open(self) -> Loaded:
            loaded = super().open()
            records: list[Record] = list(loaded.records)
            return loaded._replace(revision=records[-1].revision if records else 1)

    backend = Careless()
    with pytest.raises(conformance.NonConforming, match="the newest revision after its tombstone"):
        conformance.revision_outlives_its_record(lambda: backend)
