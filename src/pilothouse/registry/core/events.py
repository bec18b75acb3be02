"""The rules of events, in both of their groups (upstream: pkg/registry/core/event)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import names
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.event_validation import validate_event, validate_event_update
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

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

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return validate_event(obj, _strict(ctx))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return validate_event_update(obj, old, _strict(ctx))


def _strict(ctx: Context) -> bool:
    """The older version takes what it always took."""
    return ctx.request_info.api_group == "events.k8s.io"
