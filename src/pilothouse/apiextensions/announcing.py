"""Tells discovery and OpenAPI of what definitions serve (upstream: the discovery and OpenAPI controllers of
apiextensions-apiserver)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apiextensions import discovery

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition
    from pilothouse.apiextensions.definitions import Definitions
    from pilothouse.endpoints.discovery_manager import Registrar
    from pilothouse.endpoints.openapi.service import OpenAPIService

GROUP_PRIORITY: Final = 1000
VERSION_PRIORITY: Final = 100


class Announcer:
    """Listens to `definitions`. What it announces is made when somebody asks for it, from the stored definition."""

    def __init__(self, definitions: Definitions, registrar: Registrar, openapi: OpenAPIService) -> None:
        self._definitions = definitions
        self._registrar = registrar
        self._openapi = openapi
        self._known: dict[str, Definition] = {}
        self._shown: dict[str, list[str]] = {}
        definitions.listen(self._changed)

    def _changed(self, name: str, definition: Definition | None) -> None:
        before = self._known.pop(name, None)
        if definition is not None:
            self._known[name] = definition
        if _discovered(before) == _discovered(definition):
            return
        for group in {known.group for known in (before, definition) if known is not None}:
            self._discover(group)
        if _documented(before) != _documented(definition):
            self._document(name, before, definition)

    def _discover(self, group: str) -> None:
        definitions = self._definitions.in_group(group)
        shown = discovery.served_versions(definitions)
        for version in shown:
            self._registrar.set(group, discovery.aggregated_version(version, definitions))
            self._registrar.set_priority(group, version, GROUP_PRIORITY, VERSION_PRIORITY)
        for version in self._shown.pop(group, ()):
            if version not in shown:
                self._registrar.remove(group, version)
        if shown:
            self._shown[group] = shown

    def _document(self, name: str, before: Definition | None, definition: Definition | None) -> None:
        touched = {
            (known.group, version.name)
            for known in (before, definition) if known is not None for version in known.versions
        }
        for group, version in touched:
            key = f"apis/{group}/{version}"
            serving = [d for d in self._definitions.in_group(group) if _serves(d, version)]
            if serving:
                self._openapi.set_v3(key, _v3(key, version, serving))
            else:
                self._openapi.remove_v3(key)
        if definition is not None and definition.established and any(v.served for v in definition.versions):
            self._openapi.set_v2(name, _v2(definition))
        else:
            self._openapi.remove_v2(name)


def _discovered(definition: Definition | None) -> Any:
    """What discovery shows of a definition."""
    if definition is None:
        return None
    return definition.uid, definition.shape, definition.established, definition.terminating


def _documented(definition: Definition | None) -> Any:
    return None if definition is None else (definition.uid, definition.shape, definition.established)


def _serves(definition: Definition, version: str) -> bool:
    found = definition.version(version)
    return definition.established and found is not None and found.served


def _v3(key: str, version: str, serving: list[Definition]) -> Callable[[], Mapping[str, bytes]]:
    def build() -> Mapping[str, bytes]:
        from pilothouse.apiextensions.openapi.documents import v3_document

        return {key: v3_document([(definition.decoded(), version) for definition in serving])}

    return build


def _v2(definition: Definition) -> Callable[[], Mapping[str, Any]]:
    def build() -> Mapping[str, Any]:
        from pilothouse.apiextensions.openapi.documents import v2_document

        return v2_document(definition.decoded())

    return build
