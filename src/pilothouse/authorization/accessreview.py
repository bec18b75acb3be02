"""Attributes as a SubjectAccessReview (upstream: plugin/pkg/authorizer/webhook, resourceAttributesFrom)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery import fields, labels
from pilothouse.apimachinery.labels import SelectorError
from pilothouse.authorization.interface import Attributes

_LABEL_OPERATORS = {
    labels.EQUALS: "In", labels.DOUBLE_EQUALS: "In", labels.IN: "In", labels.NOT_EQUALS: "NotIn",
    labels.NOT_IN: "NotIn", labels.EXISTS: "Exists", labels.DOES_NOT_EXIST: "DoesNotExist",
}


def review_spec(a: Attributes) -> dict[str, Any]:
    """The spec in wire form, of v1."""
    spec: dict[str, Any] = {}
    if a.is_resource_request:
        spec["resourceAttributes"] = _resource(a)
    else:
        spec["nonResourceAttributes"] = _given({"path": a.path, "verb": a.verb})
    spec |= _given({"user": a.user.name, "groups": list(a.user.groups)})
    if a.user.extra:
        spec["extra"] = {key: list(values) for key, values in a.user.extra.items()}
    return spec | _given({"uid": a.user.uid})


def _resource(a: Attributes) -> dict[str, Any]:
    found = _given({
        "namespace": a.namespace, "verb": a.verb, "group": a.api_group, "version": a.api_version,
        "resource": a.resource, "subresource": a.subresource, "name": a.name,
    })
    if requirements := _field_requirements(a.field_selector):
        found["fieldSelector"] = {"requirements": requirements}
    if requirements := _label_requirements(a.label_selector):
        found["labelSelector"] = {"requirements": requirements}
    return found


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _field_requirements(text: str) -> list[dict[str, Any]]:
    """Nothing for a selector that cannot be read: then more is asked for, never less."""
    try:
        selector = fields.parse(text) if text else fields.EVERYTHING
    except SelectorError:
        return []
    return [
        {"key": r.field, "operator": "NotIn" if r.negated else "In", "values": [r.value]}
        for r in selector.requirements
    ]


def _label_requirements(text: str) -> list[dict[str, Any]]:
    try:
        selector = labels.parse(text) if text else None
    except SelectorError:
        return []
    found = []
    for r in selector.requirements if selector is not None else ():
        if operator := _LABEL_OPERATORS.get(r.operator):
            found.append({"key": r.key, "operator": operator} | _given({"values": list(r.values)}))
    return found
