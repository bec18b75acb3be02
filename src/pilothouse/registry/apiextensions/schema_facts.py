"""What can be said of a whole schema in wire form, without judging it (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation, SchemaHas and the functions built on it).

Updates ask the old definition for it: what an old schema has, a new one may keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from pilothouse.apimachinery.structural.correlation import deep_equal
from pilothouse.apimachinery.structural.defaulting import prune_defaults
from pilothouse.apimachinery.structural.formats import unrecognized_format
from pilothouse.apimachinery.structural.model import StructuralError, new_structural
from pilothouse.apimachinery.structural.validation import validate_structural
from pilothouse.registry.apiextensions.list_keys import validate_list_items

Props = Mapping[str, Any]

OPENAPI_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_EXTENSIONS: Final = (
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
    "x-kubernetes-validations",
)
_POINTERS: Final = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-list-type")
_ALL_EXTENSIONS: Final = frozenset((*_EXTENSIONS, *_POINTERS))


def nodes(schema: Props) -> list[Props]:
    """The schema and all below it, parents first."""
    found: list[Props] = []
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        found.append(node)
        if not _HOLDERS.isdisjoint(node):
            children = [child for child in _children(node) if isinstance(child, dict)]
            children.reverse()
            stack += children
    return found


_HOLDERS: Final = frozenset((
    "items", "allOf", "anyOf", "oneOf", "not", "properties", "additionalProperties", "patternProperties",
    "additionalItems", "definitions", "dependencies",
))


def _children(node: Props) -> list[Any]:
    """In upstream's order; what is no schema is among them."""
    items = node.get("items")
    found = list(items) if isinstance(items, list) else [items]
    for name in ("allOf", "anyOf", "oneOf"):
        found += node.get(name) or ()
    found.append(node.get("not"))
    found += (node.get("properties") or {}).values()
    found.append(node.get("additionalProperties"))
    found += (node.get("patternProperties") or {}).values()
    found.append(node.get("additionalItems"))
    for name in ("definitions", "dependencies"):
        found += (node.get(name) or {}).values()
    return found


def item_schema(node: Props) -> Props | None:
    items = node.get("items")
    return items if isinstance(items, Mapping) else None


def has_non_atomic_items(node: Props) -> bool:
    """Whether a list of type "set" has items that are no scalars and not atomic."""
    items = item_schema(node)
    if node.get("x-kubernetes-list-type") != "set" or items is None:
        return False
    if items.get("type") == "array":
        return items.get("x-kubernetes-list-type") not in (None, "atomic")
    return items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic"


class SchemaFacts:
    """The facts of one schema, each found out when it is first asked for."""

    def __init__(self, schema: Props) -> None:
        self._schema = schema

    @cached_property
    def _nodes(self) -> list[Props]:
        return nodes(self._schema)

    @cached_property
    def has_defaults(self) -> bool:
        return any(node.get("default") is not None for node in self._nodes)

    @cached_property
    def has_rules(self) -> bool:
        return any(node.get("x-kubernetes-validations") for node in self._nodes)

    @cached_property
    def has_extensions(self) -> bool:
        return any(
            any(node.get(name) for name in _EXTENSIONS) or any(node.get(name) is not None for name in _POINTERS)
            for node in self._nodes if not _ALL_EXTENSIONS.isdisjoint(node)
        )

    @cached_property
    def has_invalid_types(self) -> bool:
        return any(node.get("type") and node["type"] not in OPENAPI_TYPES for node in self._nodes)

    @cached_property
    def has_non_atomic_sets(self) -> bool:
        return any(has_non_atomic_items(node) for node in self._nodes)

    @cached_property
    def has_invalid_list_items(self) -> bool:
        return any(validate_list_items(node) for node in self._nodes)

    @cached_property
    def is_structural(self) -> bool:
        try:
            return not validate_structural("", new_structural(self._schema))
        except StructuralError:
            return False

    @cached_property
    def has_unpruned_defaults(self) -> bool:
        if not self.has_defaults or not self.is_structural:
            return False
        pruned = new_structural(self._schema)
        before = [node.default for _, node in pruned.walk()]
        try:
            prune_defaults(pruned)
        except StructuralError:
            return False
        after = [node.default for _, node in pruned.walk()]
        return not deep_equal(before, after)

    @cached_property
    def rules(self) -> frozenset[str]:
        """The expressions of all rules: what was there before stays compilable."""
        found = set()
        for node in self._nodes:
            for rule in node.get("x-kubernetes-validations") or ():
                found.add(rule.get("rule") or "")
        return frozenset(found)

    @cached_property
    def message_expressions(self) -> frozenset[str]:
        found = set()
        for node in self._nodes:
            for rule in node.get("x-kubernetes-validations") or ():
                found.add(rule.get("messageExpression") or "")
        return frozenset(found - {""})

    @cached_property
    def unrecognized_formats(self) -> tuple[str, ...]:
        """Formats that count for nothing, each as often as it occurs."""
        without_union = (
            {"type": node.get("type"), "format": node["format"]} for node in self._nodes if node.get("format")
        )
        return tuple(name for node in without_union if (name := unrecognized_format(node)))
