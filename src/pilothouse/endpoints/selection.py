"""Which field labels a resource can be selected by (upstream: AddFieldLabelConversionFunc of each group)."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.apimachinery import fields
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.labels import SelectorError
from pilothouse.registry.rest import Resource

_NAME = "metadata.name"
_NAMESPACE = "metadata.namespace"

#: Labels that old or other versions use for a stored field.
_ALIASES: dict[GroupVersionKind, dict[str, str]] = {
    GroupVersionKind("", "v1", "Pod"): {"spec.host": "spec.nodeName"},
    GroupVersionKind("events.k8s.io", "v1", "Event"): {
        "regarding.kind": "involvedObject.kind",
        "regarding.namespace": "involvedObject.namespace",
        "regarding.name": "involvedObject.name",
        "regarding.uid": "involvedObject.uid",
        "regarding.apiVersion": "involvedObject.apiVersion",
        "regarding.resourceVersion": "involvedObject.resourceVersion",
        "regarding.fieldPath": "involvedObject.fieldPath",
        "reportingController": "reportingComponent",
    },
}


def _unknown_to_slices(version: str) -> Callable[[str], str]:
    return lambda label: f"field label not supported for resource.k8s.io/{version}, Kind=ResourceSlice: {label}"


#: Wordings of kinds that do not say it as the others do.
_UNKNOWN: dict[GroupVersionKind, Callable[[str], str]] = {
    GroupVersionKind("batch", "v1", "Job"): lambda label: f"field label {go_quote(label)} not supported for Job",
    **{
        GroupVersionKind("resource.k8s.io", version, "ResourceSlice"): _unknown_to_slices(version)
        for version in ("v1", "v1beta2", "v1beta1")
    },
}


def _not_supported(label: str) -> str:
    return f"field label not supported: {label}"


def _not_known(label: str) -> str:
    return f'{go_quote(label)} is not a known field selector: only "{_NAME}", "{_NAMESPACE}"'


def field_labels(resource: Resource) -> fields.Transform:
    """Maps a client's (label, value) to the stored object's; raises SelectorError for a label it does not know."""
    gvk = resource.gvk
    aliases = _ALIASES.get(gvk, {})
    known = {_NAME, _NAMESPACE, *resource.selectable_names}
    if resource.selectable_names or resource.selectable is not None:
        if not resource.namespaced:
            known.discard(_NAMESPACE)
        unknown = _UNKNOWN.get(gvk, _not_supported)
    else:
        unknown = _not_known

    def transform(label: str, value: str) -> tuple[str, str]:
        if label in known:
            return label, value
        if label in aliases:
            return aliases[label], value
        raise SelectorError(unknown(label))

    return transform
