"""events.k8s.io/v1 events as core/v1 ones and back (upstream: pkg/apis/events/v1/conversion.go)."""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

#: events.k8s.io name → core name, for what the two call differently.
_NAMES = {
    "reportingController": "reportingComponent",
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_BACK = {core: new for new, core in _NAMES.items()}
#: What core events always show, and events.k8s.io's only when they are set, with its zero value; and the reverse.
_CORE_ALWAYS: Mapping[str, Any] = {
    "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None,
    "reportingComponent": "", "reportingInstance": "",
}
_NEW_ALWAYS: Mapping[str, Any] = {
    "eventTime": None, "regarding": {}, "deprecatedSource": {}, "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}


def to_core(event: Object) -> Object:
    """A core/v1 event; kind and apiVersion, if there, are core's."""
    return _renamed(event, _NAMES, _CORE_ALWAYS, _NEW_ALWAYS, "v1")


def from_core(event: Object) -> Object:
    """An events.k8s.io/v1 event."""
    return _renamed(event, _BACK, _NEW_ALWAYS, _CORE_ALWAYS, "events.k8s.io/v1")


def _renamed(
    event: Object, names: Mapping[str, str], always: Mapping[str, Any], elsewhere: Mapping[str, Any], version: str
) -> Object:
    result: Object = {}
    for key, value in event.items():
        name = names.get(key, key)
        if key in elsewhere and name not in always and value == elsewhere[key]:
            continue
        result[name] = value
    for name, value in always.items():
        if name not in result:
            result[name] = dict(value) if isinstance(value, dict) else value
    if "apiVersion" in result:
        result["apiVersion"] = version
    return result
