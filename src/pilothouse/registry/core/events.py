"""The rules of events, in both of their groups (upstream: pkg/registry/core/event)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import names
from pilothouse.registry.rest import Strategy

SELECTABLE = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
    "reason", "reportingComponent", "source", "type",
)
_OBJECT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def selectable(event: Mapping[str, Any]) -> dict[str, str]:
    """Of a core/v1 event, which both groups store."""
    involved = event.get("involvedObject") or {}
    fields = {f"involvedObject.{name}": involved.get(name) or "" for name in _OBJECT_FIELDS}
    reporter = event.get("reportingComponent") or ""
    fields["reason"] = event.get("reason") or ""
    fields["reportingComponent"] = reporter
    fields["source"] = (event.get("source") or {}).get("component") or reporter
    fields["type"] = event.get("type") or ""
    return fields


class EventStrategy(Strategy):
    """Core events may have any name that can stand in a path: only newer versions check more."""

    validate_name = staticmethod(names.is_path_segment)
    allow_create_on_update = True
    default_garbage_collection_policy = "unsupported"
