"""Checks of events, loose for core/v1 and strict for events.k8s.io (upstream: pkg/apis/core/validation/events.go)."""

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import field, metavalidation, names
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_dns1123_subdomain, is_label_key
from pilothouse.registry.internal import internal

Object = Mapping[str, Any]

#: Field of a core event → how many characters it may have.
_LIMITS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_UNSET = ("firstTimestamp", "lastTimestamp", "count", "source")
#: With the types of what errors show. Upstream looks at the reason twice: kept.
_IMMUTABLE = (
    ("involvedObject", "core.ObjectReference"), ("reason", "string"), ("message", "string"),
    ("source", "core.EventSource"), ("firstTimestamp", "tagged"), ("lastTimestamp", "tagged"), ("count", "int"),
    ("reason", "string"), ("type", "string"), ("eventTime", "tagged"), ("action", "string"),
    ("related", "*core.ObjectReference"), ("reportingComponent", "string"), ("reportingInstance", "string"),
)
_ZEROS: tuple[object, ...] = ({}, None, "", 0)


def validate_event(event: Object, strict: bool) -> list[Error]:
    """`event` is a core/v1 event; `strict` for what comes by events.k8s.io."""
    errors = _loose_errors(event, "reportingController" if strict else "reportingComponent")
    if not strict:
        return errors
    metadata = event["metadata"]
    errors += metavalidation.validate(metadata, True, names.is_dns_subdomain)
    errors += metavalidation.validate_qualified_finalizers(metadata.get("finalizers") or (), "metadata.finalizers")
    errors += _series_errors(event)
    if not event.get("eventTime"):
        errors.append(field.required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        errors.append(field.invalid("type", "", f"has invalid value: {event.get('type') or ''}"))
    errors += [field.invalid(name, "", "needs to be unset") for name in _UNSET if event.get(name) not in _ZEROS]
    return errors


def validate_event_update(event: Object, old: Object, strict: bool) -> list[Error]:
    errors = _loose_errors(event, "reportingController" if strict else "reportingComponent")
    if not strict:
        return errors
    if event.get("series") != old.get("series"):
        errors += _series_errors(event)
    for name, kind in _IMMUTABLE:
        new, before = event.get(name), old.get(name)
        if new != before and not (new in _ZEROS and before in _ZEROS):
            shown = "reportingController" if name == "reportingComponent" else name
            errors.append(field.invalid(shown, internal(kind, new), IMMUTABLE))
    return errors


def _series_errors(event: Object) -> list[Error]:
    series = event.get("series")
    if series is None:
        return []
    errors = []
    if (series.get("count") or 0) < 2:
        errors.append(field.invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(field.required("series.lastObservedTime"))
    return errors


def _loose_errors(event: Object, reporter: str) -> list[Error]:
    namespace = event["metadata"].get("namespace") or ""
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    if not event.get("eventTime"):
        agrees = involved == namespace if involved else namespace in ("", "default")
        errors = []
    else:
        agrees = bool(involved) or namespace in ("default", "kube-system")
        errors = _new_errors(event, reporter)
    if not agrees:
        errors.insert(0, field.invalid("involvedObject.namespace", involved, "does not match event.namespace"))
    return errors + [field.invalid("namespace", namespace, text) for text in is_dns1123_subdomain(namespace)]


def _new_errors(event: Object, reporter: str) -> list[Error]:
    """An event with an eventTime must say who reports what."""
    name = event.get("reportingComponent") or ""
    errors = [] if name else [field.required(reporter)]
    errors += [field.invalid(reporter, name, text) for text in is_label_key(name)]
    for what, limit in _LIMITS.items():
        text = event.get(what) or ""
        if not text and what != "message":
            errors.append(field.required(what))
        if len(text.encode()) > limit:
            errors.append(field.invalid(what, "", f"can have at most {limit} characters"))
    return errors
