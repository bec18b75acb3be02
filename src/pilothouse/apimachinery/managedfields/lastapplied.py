"""kubectl's client-side apply annotation, where kubectl moves on to server-side apply.

(upstream: managedfields/internal/lastappliedmanager.go, lastappliedupdater.go, lastapplied.go)
"""

from typing import Any, Final

import orjson

from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.fieldset import FieldSet
from pilothouse.apimachinery.managedfields.pathelement import json_value
from pilothouse.apimachinery.managedfields.typed import TypedError
from pilothouse.apimachinery.managedfields.updater import Conflicts, Object, Updater

ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
#: The only manager that this file is about; others opt out by their name.
KUBECTL: Final = "kubectl"
_MAX_ANNOTATIONS_SIZE: Final = 256 * 1024


def allowed_conflicts(updater: Updater, live: Object, api_version: str) -> FieldSet | None:
    """The fields that client-side apply set and nobody changed since: kubectl may take them over.

    None if the annotation is not there or cannot be read.
    """
    text = _annotations(live).get(ANNOTATION)
    if not text:
        return None
    try:
        applied = orjson.loads(text)
        if not isinstance(applied, dict) or applied.get("apiVersion") != api_version:
            return None
        bare = {name: value for name, value in applied.items() if name not in ("kind", "apiVersion")}
        return fieldset.difference(updater.fields(bare), updater.difference(bare, live))
    except (ValueError, TypedError, AttributeError):
        return None


def remaining(conflicts: Conflicts, allowed: FieldSet) -> Conflicts | None:
    """Those that are not allowed, or None."""
    left = [(manager, path) for manager, path in conflicts.conflicts if not fieldset.has(allowed, path)]
    return Conflicts(left) if left else None


def refresh(obj: Object, applied: Object) -> Object:
    """`obj`, its annotation (if there is one) set to what was applied just now."""
    annotations = _annotations(obj)
    if not annotations.get(ANNOTATION):
        return obj
    annotations = {**annotations, ANNOTATION: _configuration(applied)}
    if sum(len(name.encode()) + len(value.encode()) for name, value in annotations.items()) > _MAX_ANNOTATIONS_SIZE:
        del annotations[ANNOTATION]
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _configuration(applied: Object) -> str:
    """As Go encodes it: sorted, HTML characters escaped, with a newline."""
    metadata = applied.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        annotations = {name: v for name, v in metadata["annotations"].items() if name != ANNOTATION}
        applied = {**applied, "metadata": {**metadata, "annotations": annotations}}
    return json_value(applied) + "\n"


def _annotations(obj: Object) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    found: dict[str, Any] = metadata.get("annotations") or {}
    return found
