"""Discovery documents of custom resources (upstream: pkg/apiserver/customresource_discovery_controller.go).

Definitions show once they are established, with the verbs that are left while they are being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.versions import preference
from pilothouse.endpoints.discovery import api_group, api_group_document, storage_version_hash

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition, Version

Object = dict[str, Any]

_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_VERBS_TERMINATING: Final = ("delete", "deletecollection", "get", "list", "watch")
_SUBRESOURCE_VERBS: Final = ("get", "patch", "update")


def served_versions(definitions: Iterable[Definition]) -> list[str]:
    """The names of all versions that established definitions of one group serve, the preferred one first."""
    names = {v.name for definition in definitions if definition.established for v in definition.versions if v.served}
    return sorted(names, key=preference)


def group_document(group: str, versions: Sequence[str]) -> Object:
    """/apis/GROUP."""
    return api_group_document(api_group(group, versions))


def resource_list(group: str, version: str, definitions: Iterable[Definition]) -> Object:
    """/apis/GROUP/VERSION: an APIResourceList."""
    entries: list[Object] = []
    for definition, served in _served(version, definitions):
        entries += _entries(definition, served)
    return {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}", "resources": entries,
    }


def _served(version: str, definitions: Iterable[Definition]) -> Iterable[tuple[Definition, Version]]:
    for definition in sorted(definitions, key=lambda definition: definition.names.plural):
        found = definition.version(version)
        if definition.established and found is not None and found.served:
            yield definition, found


def _verbs(definition: Definition) -> tuple[str, ...]:
    return _VERBS_TERMINATING if definition.terminating else _VERBS


def _entries(definition: Definition, version: Version) -> Iterable[Object]:
    names = definition.names
    entry: Object = {
        "name": names.plural, "singularName": names.singular, "namespaced": definition.namespaced,
        "kind": names.kind, "verbs": list(_verbs(definition)),
    }
    if names.short_names:
        entry["shortNames"] = list(names.short_names)
    if names.categories:
        entry["categories"] = list(names.categories)
    entry["storageVersionHash"] = storage_version_hash(
        GroupVersionKind(definition.group, definition.storage_version, names.kind)
    )
    yield entry
    if version.has_status:
        yield _nested(definition, "status", {"kind": names.kind})
    if version.scale is not None:
        yield _nested(definition, "scale", {"group": "autoscaling", "version": "v1", "kind": "Scale"})


def _nested(definition: Definition, name: str, kind: Object) -> Object:
    return {
        "name": f"{definition.names.plural}/{name}", "singularName": "", "namespaced": definition.namespaced,
        **kind, "verbs": list(_SUBRESOURCE_VERBS),
    }


# Aggregated discovery


def aggregated_version(version: str, definitions: Iterable[Definition]) -> Object:
    """An APIVersionDiscovery."""
    return {
        "version": version, "freshness": "Current",
        "resources": [
            _discovered(definition, served, version) for definition, served in _served(version, definitions)
        ],
    }


def _discovered(definition: Definition, version: Version, name: str) -> Object:
    names = definition.names
    own = {"group": definition.group, "version": name, "kind": names.kind}
    found: Object = {
        "resource": names.plural, "responseKind": own,
        "scope": "Namespaced" if definition.namespaced else "Cluster", "singularResource": names.singular,
        "verbs": list(_verbs(definition)),
    }
    if names.short_names:
        found["shortNames"] = list(names.short_names)
    if names.categories:
        found["categories"] = list(names.categories)
    subresources = []
    if version.has_status:
        subresources.append({"subresource": "status", "responseKind": own, "verbs": list(_SUBRESOURCE_VERBS)})
    if version.scale is not None:
        kind = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        subresources.append({"subresource": "scale", "responseKind": kind, "verbs": list(_SUBRESOURCE_VERBS)})
    if subresources:
        found["subresources"] = subresources
    return found
