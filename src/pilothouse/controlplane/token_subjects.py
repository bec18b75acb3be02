"""What service account tokens are bound to, as stored (upstream: pkg/controller/serviceaccount/tokengetter.go)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.authentication.serviceaccount import Stored

if TYPE_CHECKING:
    from pilothouse.admission.interface import Lister


class TokenSubjects:
    """An `authentication.serviceaccount.Lookup` over committed objects."""

    def __init__(self, objects: Lister) -> None:
        self._objects = objects

    def __call__(self, resource: str, namespace: str, name: str) -> Stored | None:
        found = self._objects.get(GroupResource("", resource), namespace, name)
        if found is None:
            return None
        deleted = found["metadata"].get("deletionTimestamp")
        return Stored(found["metadata"]["uid"], datetime.fromisoformat(deleted).timestamp() if deleted else None, found)
