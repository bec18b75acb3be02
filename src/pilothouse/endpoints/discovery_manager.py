"""Aggregated discovery that changes at run time (upstream: apiserver pkg/endpoints/discovery/aggregated/handler.go).

Everybody who serves group versions below /apis says so to one `ResourceManager`, each through the `Registrar` of its
own source:

    discovery = config.discovery.of(Source.CUSTOM)
    discovery.set_priority("stable.example.com", "v1", 1000, 100)
    discovery.set("stable.example.com", version_discovery("v1", resources))
    discovery.remove("stable.example.com", "v1")

A change costs next to nothing: the document is joined when somebody asks for it, from the versions' bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from pilothouse.apimachinery.versions import preference
from pilothouse.endpoints.discovery import AggregatedDocument, Encoded, encoded_list
from pilothouse.endpoints.response import dumps


class Source(IntEnum):
    """Who serves a group version. Of several that name the same one the lowest counts."""

    AGGREGATOR = 0
    BUILTIN = 100
    CUSTOM = 200


class Priority(NamedTuple):
    """As in APIServices: higher ones stand first."""

    group: int = 1000
    version: int = 15


class Registrar:
    """Adds and removes the group versions of one source. All methods may be called again with the same values."""

    def __init__(self, manager: ResourceManager, source: Source) -> None:
        self._manager = manager
        self._source = source
        self.versions: dict[tuple[str, str], bytes] = {}
        """By (group, version), the encoded APIVersionDiscovery."""
        self.priorities: dict[tuple[str, str], Priority] = {}

    def set(self, group: str, version: Mapping[str, Any]) -> None:
        """Show `version`, an APIVersionDiscovery (see `discovery.version_discovery`), or replace what is shown."""
        key, data = (group, version["version"]), dumps(version)
        if self.versions.get(key) != data:
            self.versions[key] = data
            self._manager.invalidate()

    def set_priority(self, group: str, version: str, group_priority: int, version_priority: int) -> None:
        """The highest priority of its versions counts for the group. Forgotten when the version is removed."""
        priority = Priority(group_priority, version_priority)
        if self.priorities.get((group, version)) != priority:
            self.priorities[group, version] = priority
            self._manager.invalidate()

    def remove(self, group: str, version: str) -> None:
        """A group without versions is no longer shown."""
        self.priorities.pop((group, version), None)
        if self.versions.pop((group, version), None) is not None:
            self._manager.invalidate()


class ResourceManager(AggregatedDocument):
    """The aggregated form of /apis."""

    def __init__(self) -> None:
        super().__init__()
        self._sources = {source: Registrar(self, source) for source in Source}
        self._current: Encoded | None = None
        self.regenerations = 0
        """How often the document was joined."""

    def of(self, source: Source) -> Registrar:
        return self._sources[source]

    def invalidate(self) -> None:
        self._current = None

    def encoded(self) -> Encoded:
        if self._current is None:
            self.regenerations += 1
            self._current = encoded_list(self._groups())
        return self._current

    def _groups(self) -> list[bytes]:
        """The encoded APIGroupDiscoveries, in order."""
        groups: dict[str, list[tuple[Priority, str, bytes]]] = {}
        seen: set[tuple[str, str]] = set()
        for source in Source:
            registrar = self._sources[source]
            for key, data in registrar.versions.items():
                if key not in seen:
                    seen.add(key)
                    priority = registrar.priorities.get(key, Priority())
                    groups.setdefault(key[0], []).append((priority, key[1], data))
        ordered = sorted(groups.items(), key=lambda item: (-max(entry[0].group for entry in item[1]), item[0]))
        return [_group(name, versions) for name, versions in ordered]


def _group(name: str, versions: list[tuple[Priority, str, bytes]]) -> bytes:
    versions.sort(key=lambda entry: (-entry[0].version, preference(entry[1])))
    joined = b",".join(data for _, _, data in versions)
    return b'{"metadata":' + dumps({"name": name}) + b',"versions":[' + joined + b"]}"
