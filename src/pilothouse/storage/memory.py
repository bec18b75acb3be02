"""A backend that keeps its log in memory: for tests, and for servers that shall leave nothing behind."""

from collections.abc import Sequence

from pilothouse.storage.interface import Loaded, Record


class MemoryBackend:
    """The log lives as long as this object; closing and opening it again is what a restart is to a file."""

    blocking = False

    def __init__(self) -> None:
        self._revision = 1
        self._compacted = 0
        self._log: dict[int, Record] = {}

    def open(self) -> Loaded:
        return Loaded(self._revision, self._compacted, list(self._log.values()))

    def commit(self, records: Sequence[Record]) -> None:
        for record in records:
            self._log[record.revision] = record
        self._revision = max(self._revision, records[-1].revision)

    def compact(self, revision: int) -> None:
        if revision <= self._compacted:
            return
        for passed in range(self._compacted + 1, revision + 1):
            record = self._log.get(passed)
            if record is None:
                continue
            self._log.pop(record.previous, None)
            if record.deleted:
                del self._log[passed]
        self._compacted = revision

    def close(self) -> None: ...

    def size(self) -> int:
        return 0
