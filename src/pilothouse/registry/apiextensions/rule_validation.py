"""The x-kubernetes-validations of a definition's schema (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation validation.go, cel_validation.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.structural.fieldpath import FieldPathError, find_field
from pilothouse.apimachinery.structural.model import Structural, StructuralError, new_structural
from pilothouse.registry.apiextensions import go_dump
from pilothouse.registry.rules import Errors

if TYPE_CHECKING:
    from pilothouse.apimachinery.structural.cel_rules import CompiledRule
    from pilothouse.registry.apiextensions.schema_options import SchemaOptions

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


#: What one expression may cost, over all values that it is evaluated for.
_EXPRESSION_LIMIT: Final = 10_000_000
#: What all expressions of a schema may cost together.
_TOTAL_LIMIT: Final = 100_000_000
_MOST_NAMED = 4
_CONTRIBUTED: Final = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
_TOTAL: Final = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
_UNTYPED: Final = (
    "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert "
    "structural schema to CEL declarations"
)


class RuleCosts:
    """Compiles the rules of a schema and adds their estimated costs up."""

    def __init__(self) -> None:
        self._total = 0
        self._expensive: list[tuple[int, str]] = []

    def check(self, node: RuleNode, path: str, uncorrelated: str, options: SchemaOptions) -> list[Error]:
        """What is wrong with the rules of a node at `path`."""
        from pilothouse.apimachinery.structural.cel_rules import compile_rules
        from pilothouse.apimachinery.structural.cel_types import declare

        structural = node.structural or _structural(node.props)
        declared = None if structural is None else declare(structural, node.is_root or structural.embedded_resource)
        if structural is None or declared is None:
            return [field.internal(f"{path}.x-kubernetes-validations", _UNTYPED)]
        errors: list[Error] = []
        written = node.props["x-kubernetes-validations"]
        for i, compiled in enumerate(compile_rules(structural.validations, structural, declared)):
            at = f"{path}.x-kubernetes-validations[{i}]"
            errors += self._check_rule(compiled, written[i], at, node.cardinality, options.limit_costs)
            if compiled.uses_old_self:
                if uncorrelated:
                    text = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
                    errors.append(field.invalid(f"{at}.rule", compiled.rule.rule, text))
            elif compiled.rule.optional_old_self is not None:
                text = "may not be set if oldSelf is not used in rule"
                errors.append(field.invalid(f"{at}.optionalOldSelf", compiled.rule.optional_old_self, text))
        return errors

    def _check_rule(
        self, compiled: CompiledRule, written: Mapping[str, Any], at: str, cardinality: int | None, limited: bool
    ) -> list[Error]:
        errors: list[Error] = []
        cost = multiply(compiled.max_cost, compiled.max_cardinality if cardinality is None else cardinality)
        if limited and cost > _EXPRESSION_LIMIT:
            errors.append(field.forbidden(f"{at}.rule", _too_expensive("estimated rule cost", cost, _EXPRESSION_LIMIT)))
        self._observe(f"{at}.rule", cost)
        if compiled.error:
            errors.append(field.invalid(f"{at}.rule", go_dump.rule(written), compiled.error))
        if compiled.message_error:
            errors.append(field.invalid(f"{at}.messageExpression", go_dump.rule(written), compiled.message_error))
        elif compiled.message is not None:
            cost = compiled.message_max_cost
            if limited and cost > _EXPRESSION_LIMIT:
                text = _too_expensive("estimated messageExpression cost", cost, _EXPRESSION_LIMIT)
                errors.append(field.forbidden(f"{at}.messageExpression", text))
            self._observe(f"{at}.messageExpression", cost)
        return errors

    def _observe(self, path: str, cost: int) -> None:
        self._total = min(self._total + cost, _MAX_UINT64)
        if cost >= _TOTAL_LIMIT // 100:
            self._expensive.append((cost, path))
            self._expensive.sort(key=lambda found: -found[0])
            del self._expensive[_MOST_NAMED:]

    def errors(self, path: str) -> list[Error]:
        """What is wrong with the rules of the schema at `path` together."""
        if self._total <= _TOTAL_LIMIT:
            return []
        errors = [field.forbidden(at, _CONTRIBUTED) for _, at in self._expensive]
        return [*errors, field.forbidden(path, _too_expensive(_TOTAL, self._total, _TOTAL_LIMIT))]


def _too_expensive(name: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:.6f}x" if factor < 1.5 else f"{factor:.1f}x"
    return (
        f"{name} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, and "
        "maxLength where arrays, maps, and strings are declared)"
    )
