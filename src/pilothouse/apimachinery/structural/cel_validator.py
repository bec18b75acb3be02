"""Runs x-kubernetes-validations on objects (upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go).

A `RuleValidator` mirrors the schema, where there are rules: rules of a value come first, then those of its parts.
All evaluations share a budget; when it is spent, or one evaluation costs too much, no further rules are run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.cel import metrics
from pilothouse.apimachinery.cel.environment import PER_CALL_LIMIT, RUNTIME_BUDGET
from pilothouse.apimachinery.cel.escaping import escape
from pilothouse.apimachinery.cel.values import NONE, CostExceeded, Optional, TooLong
from pilothouse.apimachinery.structural.cel_rules import CompiledRule, compile_rules
from pilothouse.apimachinery.structural.cel_types import Declared, declare
from pilothouse.apimachinery.structural.correlation import Correlated
from pilothouse.apimachinery.structural.model import NestedValueValidation, Structural
from pilothouse.apimachinery.structural.value_schema import ValueSchema

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.environment import Program
    from pilothouse.apimachinery.structural.model import ValidationRule

_OUT_OF_BUDGET: Final = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)
_NO_TYPE: Final = "rule compiler initialization error: failed to convert to declType for CEL validation rules"
_MAX_MESSAGE = 5 * 1024
#: Costs do not tell how long lists are joined, or texts read as times.
_SHORT_SECONDS: Final = 0.01
#: How upstream writes the path of the object itself.
_ROOT = "<nil>"
#: Old values of the entries of these maps are known.
_CORRELATED_MAPS = (None, "granular", "atomic")


class OutOfBudget(Exception):
    """A validation that was to be short is not."""


class _Stopped(Exception):
    """No further rules are run."""


class _Run:
    """One validation: what is left of the budget, and what was found. `short`: the budget is the caller's own, and
    running out of it says nothing of the value."""

    __slots__ = ("budget", "deadline", "errors", "limit", "short", "warnings")

    def __init__(self, budget: int, limit: int, short: bool, warnings: list[str] | None) -> None:
        self.budget = budget
        self.limit = limit
        self.short = short
        self.deadline = perf_counter() + _SHORT_SECONDS if short else 0.0
        self.errors: list[field.Error] = []
        self.warnings = warnings

    def spend(self, cost: int) -> bool:
        """Raises OutOfBudget for a short run."""
        if cost > self.budget:
            if self.short:
                raise OutOfBudget
            return False
        self.budget -= cost
        if self.short and perf_counter() > self.deadline:
            raise OutOfBudget
        return True


class _Place:
    """Where a value stands in an updated object: with its own correlation, or only with that of a parent."""

    __slots__ = ("current", "parent")

    def __init__(self, current: Correlated | None = None, parent: Correlated | None = None) -> None:
        self.current = current
        self.parent = parent

    def unchanged(self) -> bool:
        nearest = self.current if self.current is not None else self.parent
        return nearest is not None and nearest.unchanged()

    def key(self, name: str) -> _Place:
        if self.current is None:
            return self
        if self.parent is None and name in ("apiVersion", "kind"):
            return _NOWHERE
        return _Place(self.current.key(name), self.current)

    def index(self, i: int) -> _Place:
        return self if self.current is None else _Place(self.current.index(i), self.current)


_NOWHERE: Final = _Place()


def new_rule_validator(schema: Structural, is_root: bool = True) -> RuleValidator | None:
    """What checks the rules of a schema; None when it has none."""
    if not any(node.validations for _, node in schema.walk()):
        return None
    return _validator(schema, schema, is_root, declare(schema, is_root))


class ObjectRules:
    """The rules of whole objects, with what updates may keep. `props` is the schema as the definition has it."""

    __slots__ = ("_schema", "_validator")

    def __init__(self, validator: RuleValidator, props: Mapping[str, Any]) -> None:
        self._validator = validator
        self._schema = ValueSchema(props)

    def validate(
        self, obj: dict[str, Any], old: dict[str, Any] | None, warnings: list[str] | None = None, *, short: int = 0
    ) -> list[field.Error]:
        """What is wrong with an object, or with the update of `old` to it. `warnings` receives what is wrong with parts
        that did not change. `short`: see `RuleValidator.validate`."""
        correlation = None if old is None else Correlated(obj, old, self._schema)
        return self._validator.validate(obj, old, correlation=correlation, warnings=warnings, short=short)


def object_rules(schema: Structural, props: Mapping[str, Any]) -> ObjectRules | None:
    """What checks objects of a schema; None when it has no rules."""
    validator = new_rule_validator(schema)
    return None if validator is None else ObjectRules(validator, props)


class RuleValidator:
    """The rules of one node of a schema, and of those below."""

    __slots__ = ("_additional", "_all_of", "_items", "_properties", "_rules", "_schema", "_untyped", "_uses_old_self")

    def __init__(self, schema: Structural, rules: list[CompiledRule], untyped: bool) -> None:
        self._schema = schema
        self._rules = rules
        self._untyped = untyped
        self._uses_old_self = any(rule.uses_old_self for rule in rules)
        self._items: RuleValidator | None = None
        self._properties: dict[str, RuleValidator] = {}
        self._additional: RuleValidator | None = None
        self._all_of: list[RuleValidator] = []

    def validate(
        self, obj: Any, old: Any = None, path: str = "", *, budget: int = RUNTIME_BUDGET,
        correlation: Correlated | None = None, warnings: list[str] | None = None, short: int = 0,
    ) -> list[field.Error]:
        """Checks a value. With `correlation`, errors of rules about what did not change become `warnings`.

        `short` is a budget for what must not take long: raises OutOfBudget when it is not enough.
        """
        run = _Run(short or budget, short or PER_CALL_LIMIT, bool(short), warnings)
        try:
            with contextlib.suppress(_Stopped):
                self._validate(run, path, obj, old, _Place(correlation))
        except TooLong:
            raise OutOfBudget from None
        return run.errors

    def _validate(self, run: _Run, path: str, obj: Any, old: Any, place: _Place) -> None:
        if obj is None:
            return
        began = perf_counter()
        # no function of its own: objects may be deep, and frames are few
        try:
            if self._untyped:
                run.errors.append(self._invalid(path, _NO_TYPE))
            elif self._rules:
                self._evaluate(run, path, obj, old, place)
            for validator in self._all_of:
                validator._validate(run, path, obj, old, _Place(None, place.parent))
            if isinstance(obj, dict):
                self._validate_map(run, path, obj, old, place)
            elif isinstance(obj, list) and self._items is not None:
                find = _old_items(self._schema, old)
                for i, item in enumerate(obj):
                    self._items._validate(run, field.index(path, i), item, find(item), place.index(i))
        finally:
            metrics.evaluated(perf_counter() - began)

    def _validate_map(self, run: _Run, path: str, obj: dict[str, Any], old: Any, place: _Place) -> None:
        known = old if isinstance(old, dict) and self._schema.map_type in _CORRELATED_MAPS else {}
        if self._additional is not None:
            for name, value in obj.items():
                self._additional._validate(run, field.key(path, name), value, known.get(name), place.key(name))
        if self._properties:
            for name, value in obj.items():
                validator = self._properties.get(name)
                if validator is not None:
                    validator._validate(run, field.child(path, name), value, known.get(name), place.key(name))

    def _invalid(self, path: str, detail: str) -> field.Error:
        return field.invalid(path or _ROOT, self._schema.type, detail)

    # The rules of this node

    def _evaluate(self, run: _Run, path: str, obj: Any, old: Any, place: _Place) -> None:
        if run.budget <= 0:
            if run.short:
                raise OutOfBudget
            run.errors.append(self._invalid(path, _OUT_OF_BUDGET))
            raise _Stopped
        activation: dict[str, Any] = {"self": obj}
        optional = activation
        if self._uses_old_self:
            optional = {"self": obj, "oldSelf": NONE if old is None else Optional(old)}
            if old is not None:
                activation["oldSelf"] = old
        for compiled in self._rules:
            if compiled.error:
                text = f"rule compile error: {compiled.error}"
                run.errors.append(self._invalid(path, text))
                continue
            if compiled.program is None:
                continue
            wants_optional = bool(compiled.rule.optional_old_self)
            if compiled.uses_old_self and old is None and not wants_optional:
                continue
            if not self._holds(run, compiled, compiled.program, path, optional if wants_optional else activation):
                self._fail(run, compiled, path, obj, activation, place)

    def _holds(
        self, run: _Run, compiled: CompiledRule, program: Program, path: str, activation: dict[str, Any]
    ) -> bool:
        """False only when the rule itself said so: what went wrong is told here."""
        value, cost, error = program.run(activation, run.limit, run.deadline)
        if not run.spend(cost):
            run.errors.append(self._invalid(path, _OUT_OF_BUDGET))
            raise _Stopped
        if error is None:
            return value is True
        name = _rule_text(compiled.rule)
        text = str(error)
        if isinstance(error, CostExceeded):
            text = f"'{text}': no further validation rules will be run due to call cost exceeds limit for rule: {name}"
            run.errors.append(self._invalid(path, text))
            raise _Stopped
        if text.startswith("no such overload"):
            text = (
                f"'{text}': call arguments did not match a supported operator, function or macro signature for rule: "
                f"{name}"
            )
        else:
            text = f"{text} evaluating rule: {name}"
        run.errors.append(self._invalid(path, text))
        return True

    def _fail(
        self, run: _Run, compiled: CompiledRule, path: str, obj: Any, activation: dict[str, Any], place: _Place
    ) -> None:
        at = field.child(path, compiled.field_path) if compiled.field_path else path
        ratchets = not compiled.uses_old_self

        def add(error: field.Error) -> None:
            if ratchets and place.unchanged():
                if run.warnings is not None:
                    run.warnings.append(str(error))
            else:
                run.errors.append(error)

        detail = ""
        if compiled.message is not None:
            detail, problem = _message(run, compiled.message, compiled.rule.message_expression, activation)
            if problem:
                add(self._invalid(at, problem))
                raise _Stopped
        rule = compiled.rule
        detail = detail or rule.message.strip() or f"failed rule: {_rule_text(rule)}"
        value = field.OMIT_VALUE if self._schema.type in ("object", "array") else obj
        add(_error(rule.reason, at or _ROOT, value, detail))


def _message(run: _Run, program: Program, source: str, activation: dict[str, Any]) -> tuple[str, str]:
    """(text, ""), ("", "") when the expression gives none that can be used, or ("", why no more rules are run)."""
    value, cost, error = program.run(activation, run.limit, run.deadline)
    if not run.spend(cost):
        return "", (
            "messageExpression evaluation failed due to running out of cost budget, no further validation rules will "
            "be run"
        )
    if isinstance(error, CostExceeded):
        return "", (
            "no further validation rules will be run due to call cost exceeds limit for messageExpression: "
            f"{field.go_quote(source)}"
        )
    if error is not None or not isinstance(value, str):
        return "", ""
    text = value.strip()
    if len(text.encode("utf-8", "surrogatepass")) > _MAX_MESSAGE or "\n" in text:
        return "", ""
    return text, ""


def _rule_text(rule: ValidationRule) -> str:
    return rule.message.strip() if rule.message else rule.rule.strip()


def _error(reason: str | None, path: str, value: Any, detail: str) -> field.Error:
    if reason == field.FORBIDDEN:
        return field.forbidden(path, detail)
    if reason == field.REQUIRED:
        return field.required(path, detail)
    if reason == field.DUPLICATE:
        return field.duplicate(path, value)
    return field.invalid(path, value, detail)


# Building


def _validator(
    rules: Structural | NestedValueValidation, schema: Structural, is_root: bool, declared: Declared | None
) -> RuleValidator | None:
    """`rules` is where the rules are written: the schema itself, or a part of an `allOf` of it."""
    untyped = declared is None and bool(rules.validations)
    compiled = compile_rules(rules.validations, schema, declared) if declared is not None and rules.validations else []
    made = RuleValidator(schema, compiled, untyped)
    if rules.items is not None and schema.items is not None:
        item = schema.items
        made._items = _validator(rules.items, item, item.embedded_resource, declare(item, item.embedded_resource))
    for name, inner in rules.properties.items():
        child = schema.properties.get(name)
        if child is None:
            continue
        type = declare(child, child.embedded_resource)
        if type is None or (declared is None and escape(name) is not None):
            continue
        found = _validator(inner, child, child.embedded_resource, type)
        if found is not None:
            made._properties[name] = found
    additional, above = schema.additional_properties, rules.additional_properties
    if isinstance(additional, Structural) and isinstance(above, Structural | NestedValueValidation):
        embedded = additional.embedded_resource
        made._additional = _validator(above, additional, embedded, declare(additional, embedded))
    for nested in rules.value_validation.all_of:
        part = _validator(nested, schema, is_root, declared)
        if part is not None:
            made._all_of.append(part)
    if compiled or untyped or made._items or made._properties or made._additional or made._all_of:
        return made
    return None


def _old_items(schema: Structural, old: Any) -> Any:
    """item → the old item with the same keys, or None."""
    if not isinstance(old, list) or schema.list_type != "map":
        return lambda item: None
    found: dict[Any, Any] = {}
    for item in old:
        key = _item_key(schema.list_map_keys, item)
        if key is not None:
            found.setdefault(key, item)
    return lambda item: found.get(_item_key(schema.list_map_keys, item))


def _item_key(keys: tuple[str, ...], item: Any) -> Any:
    if not isinstance(item, Mapping):
        return None
    values = [item.get(name) for name in keys]
    if not all(isinstance(value, str | bool | int | float) for value in values):
        return None
    return tuple((value.__class__, value) for value in values)
