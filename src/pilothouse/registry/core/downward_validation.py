"""Validation of references to a pod's own fields and resources (upstream: core/validation, pkg/fieldpath).

Environment variables and downward API volumes have them.
"""

from __future__ import annotations

from functools import lru_cache

from pilothouse.apimachinery import field, quantity
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.core.paths import is_local_path, mode
from pilothouse.registry.rules import NONE, Errors, Obj, matching, required, within

ENV_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)
_VOLUME_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)
_FIELD_LABELS = frozenset({
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName",
    "status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
})
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def field_selector(reference: Obj, fields: tuple[str, ...]) -> Errors:
    """`fields` are those that may be asked for here, sorted."""
    for name in ("apiVersion", "fieldPath"):
        if not reference.get(name):
            return (field.required(name),)
    asked = reference["fieldPath"]
    path, subscript = _split(asked)
    if text := _unknown(reference["apiVersion"], asked, path, subscript):
        return (field.invalid("fieldPath", asked, f"error converting fieldPath: {text}"),)
    if subscript is None:
        if path == "spec.host":  # as very old clients call it
            path = "spec.nodeName"
        return NONE if path in fields else (field.not_supported("fieldPath", path, fields),)
    key = subscript.lower() if path == "metadata.annotations" else subscript
    return [field.invalid("", key, text) for text in is_qualified_name(key)]


def _split(path: str) -> tuple[str, str | None]:
    """"metadata.labels['a']" is (metadata.labels, a)."""
    if path.endswith("']"):
        head, bracket, subscript = path[:-2].partition("['")
        if bracket and head:
            return head, subscript
    return path, None


def _unknown(version: str, asked: str, path: str, subscript: str | None) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if subscript is not None:
        if path in ("metadata.annotations", "metadata.labels"):
            return ""
        return f"field label does not support subscript: {asked}"
    return "" if path in _FIELD_LABELS or path == "spec.host" else f"field label not supported: {asked}"


def resource_selector(reference: Obj, volume: bool) -> Errors:
    """`volume`: files of volumes must say which container they mean."""
    errors: list[Error] = []
    resource = reference.get("resource") or ""
    if volume and not reference.get("containerName"):
        errors.append(field.required("containerName"))
    elif not resource:
        errors.append(field.required("resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        errors.append(field.not_supported("resource", resource, _RESOURCES))
    return [*errors, *_divisor(resource, reference.get("divisor") or "0")]


def _divisor(resource: str, divisor: str) -> Errors:
    if _is_zero(divisor):
        return NONE
    if resource in ("limits.cpu", "requests.cpu"):
        if divisor in ("1", "1m"):
            return NONE
        text = "only divisor's values 1m and 1 are supported with the cpu resource"
        return (field.invalid("divisor", resource, text),)
    kind = _BYTES.get(resource) or ("hugepages" if resource.startswith(_HUGE_PAGES) else "")
    if not kind or divisor in _BYTE_DIVISORS:
        return NONE
    text = f"only divisor's values {', '.join(_BYTE_DIVISORS)} are supported with the {kind} resource"
    return (field.invalid("divisor", resource, text),)


_BYTES = {
    "limits.memory": "memory", "requests.memory": "memory",
    "limits.ephemeral-storage": "local ephemeral storage", "requests.ephemeral-storage": "local ephemeral storage",
}


@lru_cache(maxsize=256)
def _is_zero(text: str) -> bool:
    return not quantity.parse(text)


def volume_file(file: Obj) -> Errors:
    """A file of a downward API volume."""
    errors = [*required(file, "path"), *matching(file, "path", is_local_path)]
    of_field, of_resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if of_field is not None:
        errors += within("fieldRef", field_selector(of_field, _VOLUME_FIELDS))
        if of_resource is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(field.invalid("", "resource", text))
    elif of_resource is not None:
        errors += within("resourceFieldRef", resource_selector(of_resource, volume=True))
    else:
        errors.append(field.required("", "one of fieldRef and resourceFieldRef is required"))
    return [*errors, *mode(file, "mode")]


def validate_downward_volume(source: Obj) -> Errors:
    errors = [*mode(source, "defaultMode")]
    for file in source.get("items") or ():
        # upstream leaves the items' names out: kept
        errors += volume_file(file)
    return errors
