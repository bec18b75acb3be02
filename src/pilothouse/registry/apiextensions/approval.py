"""Approval of groups that are Kubernetes' own (upstream: apiextensions-apiserver pkg/apihelpers/helpers.go)."""

from __future__ import annotations

from typing import Final

from pilothouse.apimachinery import field
from pilothouse.registry.rules import NONE, Errors, Obj
from pilothouse.registry.webhooks import parse_url

APPROVAL: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"


def validate_approval(definition: Obj, old: Obj | None) -> Errors:
    """Groups of Kubernetes' own need an approval, unless they were without one before."""
    group = (definition.get("spec") or {}).get("group") or ""
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return NONE
    state = _approval(definition)
    if state in ("approved", "bypassed") or (old is not None and _approval(old) == state):
        return NONE
    path = f"metadata.annotations[{APPROVAL}]"
    if state == "missing":
        return (field.required(path, f'protected groups must have approval annotation "{APPROVAL}", {_SEE}'),)
    text = (
        f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting with '
        f'"unapproved", {_SEE}'
    )
    return (field.invalid(path, definition["metadata"]["annotations"][APPROVAL], text),)


def _approval(definition: Obj) -> str:
    text = (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    if not text:
        return "missing"
    if text.startswith("unapproved"):
        return "bypassed"
    try:
        url = parse_url(text)
    except ValueError:
        return "invalid"
    return "approved" if url.scheme and url.host else "invalid"
