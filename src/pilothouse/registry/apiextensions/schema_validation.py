"""Validation of one schema of a definition (upstream: apiextensions-apiserver pkg/apis/apiextensions/validation,
validateCustomResourceDefinitionValidation and ValidateCustomResourceDefinitionOpenAPISchema).

Three things are asked: whether the schema is structural, whether its defaults fit, and whether each node says only
what custom resources know. Rules are compiled where all of that is so. Errors have full paths, because their texts
name paths too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.structural.model import StructuralError, new_structural
from pilothouse.apimachinery.structural.validation import validate_structural
from pilothouse.registry.apiextensions import go_dump
from pilothouse.registry.apiextensions.list_keys import validate_list_items, validate_list_type, validate_map_type
from pilothouse.registry.apiextensions.rule_validation import RuleCosts, RuleNode, validate_rule_texts
from pilothouse.registry.apiextensions.schema_defaults import validate_defaults
from pilothouse.registry.apiextensions.schema_facts import OPENAPI_TYPES, SchemaFacts
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.rules import Errors, within

Props = Mapping[str, Any]

_META_FIELDS: Final = frozenset(("metadata", "kind", "apiVersion"))
_UNIQUE: Final = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
#: At the root beside a status subresource, in the order of upstream's struct: what stands before "type", and after.
_FLAGS: Final = frozenset((
    "id", "$schema", "nullable", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
))
_BARRED: Final = (
    ("id", "$schema", "$ref"),
    (
        "nullable", "default", "enum", "maxProperties", "minProperties", "allOf", "oneOf", "anyOf", "not",
        "additionalProperties", "patternProperties", "dependencies", "additionalItems", "definitions",
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type", "x-kubernetes-map-type",
    ),
)
_ALLOWED_AT_ROOT: Final = (
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations]"
)
_IF_STATUS: Final = "at the root of the schema if the status subresource is enabled"


def validate_schema(
    schema: Props, facts: SchemaFacts, path: str, has_status: bool, options: SchemaOptions
) -> list[Error]:
    """`schema`, of which `facts` are known, stands at `path`, which ends in "openAPIV3Schema"; `has_status` if its
    version has that subresource."""
    errors = list(_validate_root(schema, path)) if has_status else []
    if schema.get("nullable"):
        errors.append(field.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    unreadable: list[Error] = []
    structural = costs = None
    if options.require_structural:
        try:
            structural = new_structural(schema)
        except StructuralError as e:
            # what the nodes' own validation says is clearer: this counts only where it says nothing
            unreadable.append(field.invalid(path, "", str(e)))
        else:
            found = validate_structural(path, structural)
            if not found and facts.has_defaults:
                found = validate_defaults(path, schema, structural, options.require_pruned_defaults)
            errors += found
            if not found and facts.has_rules:
                costs = RuleCosts()
    walk = _Walk(options, costs)
    walk.visit(schema, path, _Scope(is_root=True), RuleNode.root(schema, structural) if costs else None)
    errors += walk.errors
    errors += walk.rule_errors
    if not errors:
        errors += unreadable
    return errors + (costs.errors(path) if costs else [])


def _validate_root(schema: Props, path: str) -> Errors:
    """So that the status' schema can stand alone, the root may hold little."""
    before, after = _BARRED
    text = f"only {_ALLOWED_AT_ROOT} fields are allowed {_IF_STATUS}"
    if _is_set(schema, before):
        return (field.invalid(path, go_dump.schema_props(schema), text),)
    type = schema.get("type") or ""
    if type not in ("", "object"):
        return (field.invalid(f"{path}.type", type, f'only "object" is allowed as the type {_IF_STATUS}'),)
    return (field.invalid(path, go_dump.schema_props(schema), text),) if _is_set(schema, after) else ()


def _is_set(schema: Props, names: tuple[str, ...]) -> bool:
    return any(schema.get(name) if name in _FLAGS else schema.get(name) is not None for name in names)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the nodes above say about one. `no_defaults` is the reason why it may have none, None if it may;
    `uncorrelated` is the path above which old values cannot be found, "" if they can."""

    is_root: bool = False
    inside_metadata: bool = False
    no_defaults: str | None = None
    uncorrelated: str = ""

    def without_correlation(self, path: str) -> _Scope:
        return self if self.uncorrelated else replace(self, uncorrelated=path)


class _Walk:
    """Visits the nodes in upstream's order, children first; what stands below junctors has no rules."""

    def __init__(self, options: SchemaOptions, costs: RuleCosts | None) -> None:
        self.errors: list[Error] = []
        self.rule_errors: list[Error] = []
        self._options = options
        self._costs = costs

    def visit(self, schema: Props, path: str, scope: _Scope, rules: RuleNode | None) -> None:
        known = len(self.errors)
        if known + len(self.rule_errors) >= field.MOST_ERRORS:
            return
        self._add(path, _validate_node(schema, scope, self._options))
        if schema.get("uniqueItems"):
            self.errors.append(field.forbidden(f"{path}.uniqueItems", _UNIQUE))
        below = replace(scope, is_root=False)
        for step, child, kind in _children(schema):
            match kind:
                case "additional":
                    self._check_additional(schema, path)
                    if isinstance(child, Mapping):
                        inner = _inside_map(below) if scope.inside_metadata else below
                        self.visit(child, f"{path}.{step}", inner, rules and rules.child(child, "", kind))
                case "property":
                    inner = _inside_property(schema, path, scope, step)
                    at = f"{path}.properties[{step}]"
                    self.visit(child, at, inner, rules and rules.child(child, step, kind))
                case "items":
                    inner = below
                    if schema.get("x-kubernetes-list-type") != "map":
                        inner = below.without_correlation(path)
                    self.visit(child, f"{path}.{step}", inner, rules and rules.child(child, "", kind))
                case _:
                    self.visit(child, f"{path}.{step}", below, None)
        self._check_extensions(schema, path)
        if schema.get("x-kubernetes-validations"):
            self._add(path, validate_rule_texts(schema))
            if rules is not None and self._costs is not None and len(self.errors) == known:
                self.rule_errors += self._costs.check(rules, path, scope.uncorrelated, self._options)

    def _add(self, path: str, errors: Errors) -> None:
        if errors:
            self.errors += within(path, errors)

    def _check_additional(self, schema: Props, path: str) -> None:
        if schema.get("properties") and schema["additionalProperties"] is not True:
            text = "additionalProperties and properties are mutual exclusive"
            self.errors.append(field.forbidden(f"{path}.additionalProperties", text))

    def _check_extensions(self, schema: Props, path: str) -> None:
        if schema.get("x-kubernetes-preserve-unknown-fields") is False:
            at = f"{path}.x-kubernetes-preserve-unknown-fields"
            self.errors.append(field.invalid(at, False, "must be true or undefined"))
        self._add(path, validate_map_type(schema))
        self._add(path, validate_list_type(schema, self._options.require_atomic_sets))
        if self._options.require_list_items:
            self._add(path, validate_list_items(schema))


_HOLDERS: Final = frozenset((
    "additionalProperties", "properties", "not", "allOf", "oneOf", "anyOf", "definitions", "items", "dependencies",
))


def _children(schema: Props) -> list[tuple[str, Any, str]]:
    """(step, schema, kind), in the order in which upstream visits them; properties in that of their names."""
    found: list[tuple[str, Any, str]] = []
    if _HOLDERS.isdisjoint(schema):
        return found
    if schema.get("additionalProperties") is not None:
        found.append(("additionalProperties", schema["additionalProperties"], "additional"))
    properties = schema.get("properties") or {}
    found += [(name, properties[name], "property") for name in sorted(properties)]
    if schema.get("not") is not None:
        found.append(("not", schema["not"], ""))
    for name in ("allOf", "oneOf", "anyOf"):
        found += [(f"{name}[{i}]", child, "") for i, child in enumerate(schema.get(name) or ())]
    found += [(f"definitions[{name}]", child, "") for name, child in (schema.get("definitions") or {}).items()]
    items = schema.get("items")
    if isinstance(items, Mapping):
        found.append(("items", items, "items"))
    elif items:
        found += [(f"items[{i}]", child, "items") for i, child in enumerate(items)]
    found += [
        (f"dependencies[{name}]", child, "")
        for name, child in (schema.get("dependencies") or {}).items() if isinstance(child, Mapping)
    ]
    return found


def _inside_map(scope: _Scope) -> _Scope:
    return replace(scope, no_defaults="inside additionalProperties applying to object metadata")


def _inside_property(schema: Props, path: str, scope: _Scope, name: str) -> _Scope:
    inner = replace(scope, is_root=False)
    if schema.get("x-kubernetes-map-type") not in (None, "granular", "atomic"):
        inner = inner.without_correlation(path)
    if name in _META_FIELDS and (scope.is_root or schema.get("x-kubernetes-embedded-resource")):
        inner = replace(inner, inside_metadata=True)
        if scope.is_root:
            inner = replace(inner, no_defaults=f"in top-level {name}")
    return inner


_UNSUPPORTED: Final[tuple[tuple[str, dict[str, Any] | None], ...]] = (
    ("additionalItems", None), ("patternProperties", {}), ("definitions", {}), ("dependencies", None), ("$ref", None),
)


def _validate_node(schema: Props, scope: _Scope, options: SchemaOptions) -> Errors:
    errors: list[Error] = []
    type = schema.get("type")
    if options.require_types and type and type not in OPENAPI_TYPES:
        errors.append(field.not_supported("type", type, OPENAPI_TYPES))
    if scope.no_defaults is not None and schema.get("default") is not None:
        errors.append(field.forbidden("default", f"must not be set {scope.no_defaults}"))
    if schema.get("id"):
        errors.append(field.forbidden("id", "id is not supported"))
    for name, unset in _UNSUPPORTED:
        if name in schema and schema[name] is not None and schema[name] != unset:
            errors.append(field.forbidden(name, f"{name} is not supported"))
    if type == "null":
        errors.append(field.forbidden("type", "type cannot be set to null, use nullable as an alternative"))
    if isinstance(schema.get("items"), list) and schema["items"]:
        errors.append(field.forbidden("items", "items must be a schema object and not an array"))
    if scope.inside_metadata and schema.get("x-kubernetes-embedded-resource"):
        errors.append(field.forbidden("x-kubernetes-embedded-resource", "must not be used inside of resource meta"))
    return errors
