"""What selectors read of an object (upstream: generic.SelectionPredicate's GetAttrs)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.registry.rest import Resource
from pilothouse.storage.interface import Index

_NO_LABELS: Mapping[str, str] = {}


def index_for(resource: Resource) -> Index:
    """Labels, and metadata.name, metadata.namespace (namespaced kinds) and the kind's own selectable fields."""
    selectable, namespaced = resource.selectable, resource.namespaced

    def index(obj: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        metadata = obj["metadata"]
        fields = {"metadata.name": metadata["name"]}
        if namespaced:
            fields["metadata.namespace"] = metadata["namespace"]
        if selectable is not None:
            fields.update(selectable(obj))
        return metadata.get("labels") or _NO_LABELS, fields

    return index
