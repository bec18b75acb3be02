"""APIServices for the group versions of CustomResourceDefinitions (upstream:
pkg/controlplane/controller/crdregistration)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.aggregator.autoregister import AutoRegistration, api_service

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition

GROUP_PRIORITY = 1000
VERSION_PRIORITY = 100
"""The same for all, so that versions are ordered by their names."""


class CRDRegistration:
    """Told of every definition, wants an APIService for each version that one of them serves."""

    def __init__(self, registration: AutoRegistration) -> None:
        self._registration = registration
        self._served: dict[str, frozenset[tuple[str, str]]] = {}
        self._servers: dict[tuple[str, str], int] = {}

    def apply(self, name: str, definition: Definition | None) -> None:
        """`definition` is new or changed; None: it is gone."""
        before = self._served.pop(name, frozenset())
        after: frozenset[tuple[str, str]] = frozenset()
        if definition is not None:
            after = frozenset((definition.group, version.name) for version in definition.versions if version.served)
            self._served[name] = after
        for key in before - after:
            self._servers[key] -= 1
            if not self._servers[key]:
                del self._servers[key]
                self._registration.remove(f"{key[1]}.{key[0]}")
        for key in after - before:
            self._servers[key] = self._servers.get(key, 0) + 1
            if self._servers[key] == 1:
                self._registration.add(api_service(*key, GROUP_PRIORITY, VERSION_PRIORITY))
