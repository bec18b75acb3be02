"""What can be said of a whole schema in wire form, without judging it (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation, SchemaHas and the functions built on it).

Updates ask the old definition for it: what an old schema has, a new one may keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def nodes(schema: Props) -> Iterator[Props]:
    """The schema and all below it, parents first."""
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(_children(node))))


def _children(node: Props) -> Iterator[Props]:
    items = node.get("items")
    yield from _schemas(items if isinstance(items, list) else (items,))
    for name in ("allOf", "anyOf", "oneOf"):
        yield from _schemas(node.get(name) or ())
    yield from _schemas((node.get("not"),))
    yield from _schemas((node.get("properties") or {}).values())
    yield from _schemas((node.get("additionalProperties"),))
    yield from _schemas((node.get("patternProperties") or {}).values())
    yield from _schemas((node.get("additionalItems"),))
    for name in ("definitions", "dependencies"):
        yield from _schemas((node.get(name) or {}).values())


def _schemas(values: Iterable[Any]) -> Iterator[Props]:
    return (value for value in values if isinstance(value, Mapping))


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
    def has_defaults(self) -> bool:
        return any(node.get("default") is not None for node in nodes(self._schema))

    @cached_property
    def has_rules(self) -> bool:
        return any(node.get("x-kubernetes-validations") for node in nodes(self._schema))

    @cached_property
    def has_extensions(self) -> bool:
        return any(
            any(node.get(name) for name in _EXTENSIONS) or any(node.get(name) is not None for name in _POINTERS)
            for node in nodes(self._schema)
        )

    @cached_property
    def has_invalid_types(self) -> bool:
        return any(node.get("type") and node["type"] not in OPENAPI_TYPES for node in nodes(self._schema))

    @cached_property
    def has_non_atomic_sets(self) -> bool:
        return any(has_non_atomic_items(node) for node in nodes(self._schema))

    @cached_property
    def has_invalid_list_items(self) -> bool:
        return any(validate_list_items(node) for node in nodes(self._schema))

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
        for node in nodes(self._schema):
            for rule in node.get("x-kubernetes-validations") or ():
                found.add(rule.get("rule") or "")
        return frozenset(found)

    @cached_property
    def message_expressions(self) -> frozenset[str]:
        found = set()
        for node in nodes(self._schema):
            for rule in node.get("x-kubernetes-validations") or ():
                found.add(rule.get("messageExpression") or "")
        return frozenset(found - {""})

    @cached_property
    def unrecognized_formats(self) -> tuple[str, ...]:
        """Formats that count for nothing, each as often as it occurs."""
        without_union = ({"type": node.get("type"), "format": node.get("format")} for node in nodes(self._schema))
        return tuple(name for node in without_union if (name := unrecognized_format(node)))
