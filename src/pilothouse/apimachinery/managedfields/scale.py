"""Managers across a resource and its scale subresource (upstream: managedfields/scalehandler.go).

The scale endpoint keeps no object of its own: who owns the number of replicas is told by the parent's managers, in
terms of the parent's version and path. `to_scale` shows them as managers of a Scale, `to_parent` takes the outcome
of a write to it back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.apimachinery.managedfields import entries, fieldset
from pilothouse.apimachinery.managedfields.entries import Managed
from pilothouse.apimachinery.managedfields.fieldset import Path
from pilothouse.apimachinery.managedfields.updater import VersionedSet

SCALE_VERSION: Final = "autoscaling/v1"
_REPLICAS: Final[Path] = ("f:spec", "f:replicas")

#: Where the replicas stand in each version of the parent: {"apps/v1": ("f:spec", "f:replicas")}. None: a version
#: without a scale subresource. Managers of versions that are not here are dropped.
PathMappings = Mapping[str, Path | None]
Entries = list[dict[str, Any]]


def to_scale(parent: Sequence[Mapping[str, Any]] | None, mappings: PathMappings) -> Entries:
    """The managedFields of the Scale. Raises ValueError if the parent's cannot be decoded."""
    managed = entries.decode(parent, trusted=True)
    scale = Managed(times=managed.times)
    for manager, owned in managed.managers.items():
        path = mappings.get(owned.api_version)
        if path is not None and fieldset.has(owned.fields, path):
            scale.managers[manager] = VersionedSet(fieldset.single(_REPLICAS), SCALE_VERSION, owned.applied)
    return entries.encode(scale)


def to_parent(
    parent: Sequence[Mapping[str, Any]] | None, scale: Sequence[Mapping[str, Any]] | None, version: str,
    mappings: PathMappings,
) -> Entries:
    """The parent's managedFields after a write to its Scale left `scale` there. `version` is the parent's."""
    managed = entries.decode(parent, trusted=True)
    scale_managers = entries.decode(scale, trusted=True).managers
    merged = Managed(times=managed.times)
    for manager, owned in managed.managers.items():
        if owned.api_version not in mappings:
            continue
        path = mappings[owned.api_version]
        if path is None or not fieldset.has(owned.fields, path) or scale_managers.pop(manager, None) is not None:
            merged.managers[manager] = owned
            continue
        # Whoever set the replicas through the Scale took them from this manager.
        left = fieldset.difference(owned.fields, fieldset.single(path))
        if left:
            merged.managers[manager] = VersionedSet(left, owned.api_version, owned.applied)
    own_path = mappings.get(version)
    for manager, owned in scale_managers.items():
        if fieldset.has(owned.fields, _REPLICAS):
            fields = fieldset.single(own_path) if own_path else {}
            merged.managers[manager] = VersionedSet(fields, version, owned.applied)
    return entries.encode(merged)
