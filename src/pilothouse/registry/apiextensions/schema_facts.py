"""What can be said of a whole schema in wire form, without judging it (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation, SchemaHas and the functions built on it).

Updates ask the old definition for it: what an old schema has, a new one may keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """What one walk tells. `unrecognized_formats` are those that count for nothing, each as often as it occurs."""

    has_defaults: bool
    has_extensions: bool
    has_invalid_types: bool
    has_non_atomic_sets: bool
    has_invalid_list_items: bool
    has_rules: bool
    unrecognized_formats: tuple[str, ...]


def find_facts(schema: Props) -> SchemaFacts:
    found = nodes(schema)
    formats = ({"type": node.get("type"), "format": node["format"]} for node in found if node.get("format"))
    return SchemaFacts(
        has_defaults=any(node.get("default") is not None for node in found),
        has_extensions=any(_has_extension(node) for node in found if not _ALL_EXTENSIONS.isdisjoint(node)),
        has_invalid_types=any(node.get("type") and node["type"] not in OPENAPI_TYPES for node in found),
        has_non_atomic_sets=any(has_non_atomic_items(node) for node in found),
        has_invalid_list_items=any(validate_list_items(node) for node in found),
        has_rules=any(node.get("x-kubernetes-validations") for node in found),
        unrecognized_formats=tuple(name for node in formats if (name := unrecognized_format(node))),
    )


def _has_extension(node: Props) -> bool:
    return any(node.get(name) for name in _EXTENSIONS) or any(node.get(name) is not None for name in _POINTERS)


@dataclass(frozen=True, slots=True)
class OldSchema:
    """What an update must know of a schema that is stored."""

    facts: SchemaFacts
    is_structural: bool
    has_unpruned_defaults: bool


def look_back(schema: Props, facts: SchemaFacts) -> OldSchema:
    is_structural = _is_structural(schema)
    unpruned = is_structural and facts.has_defaults and _has_unpruned_defaults(schema)
    return OldSchema(facts, is_structural, unpruned)


def _is_structural(schema: Props) -> bool:
    try:
        return not validate_structural("", new_structural(schema))
    except StructuralError:
        return False


def _has_unpruned_defaults(schema: Props) -> bool:
    pruned = new_structural(schema)
    before = [node.default for _, node in pruned.walk()]
    try:
        prune_defaults(pruned)
    except StructuralError:
        return False
    return not deep_equal(before, [node.default for _, node in pruned.walk()])
