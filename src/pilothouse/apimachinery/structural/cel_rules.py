"""Compiles x-kubernetes-validations (upstream: apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from pilothouse.apimachinery.cel import kubernetes, metrics
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import BOOL, STRING, optional_of
from pilothouse.apimachinery.structural.cel_types import Declared, max_cardinality, sizes_within
from pilothouse.apimachinery.structural.fieldpath import FieldPathError, find_field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pilothouse.apimachinery.cel.environment import Environment, Program
    from pilothouse.apimachinery.structural.model import Structural, ValidationRule


@dataclass(slots=True)
class CompiledRule:
    """What became of a rule. `program` is None when there is no expression, or an `error`.

    `max_cost` is the most that one evaluation may cost, `max_cardinality` how many values of the rule's schema fit
    into a request; `field_path` is the path to add to that of the value, "" for none.
    """

    rule: ValidationRule
    program: Program | None = None
    error: str = ""
    uses_old_self: bool = False
    max_cost: int = 0
    max_cardinality: int = 0
    message: Program | None = None
    message_error: str = ""
    message_max_cost: int = 0
    field_path: str = ""


def compile_rules(rules: Iterable[ValidationRule], schema: Structural, declared: Declared) -> list[CompiledRule]:
    """Compiles rules about values of `schema`, whose type is `declared`."""
    self_type = declared.type
    began = perf_counter()
    environment = kubernetes.environment({"self": self_type, "oldSelf": self_type})
    optional = environment.extended({"oldSelf": optional_of(self_type)})
    made = [_compile(rule, schema, declared, optional if rule.optional_old_self else environment) for rule in rules]
    metrics.compiled(perf_counter() - began)
    return made


def _compile(rule: ValidationRule, schema: Structural, declared: Declared, environment: Environment) -> CompiledRule:
    found = CompiledRule(rule)
    if not rule.rule.strip():
        return found
    try:
        program = environment.compile(rule.rule)
    except CompileError as err:
        found.error = f"{'compilation failed' if err.issues else 'program instantiation failed'}: {err}"
        return found
    if program.output_type.kind != BOOL:
        found.error = "cel expression must evaluate to a bool"
        return found
    sizes = sizes_within(declared.type)
    found.program = program
    found.uses_old_self = "oldSelf" in program.names
    found.max_cost = program.estimate(sizes).max
    found.max_cardinality = max_cardinality(declared)
    if rule.message_expression:
        try:
            message = environment.compile(rule.message_expression)
        except CompileError as err:
            found.message_error = f"messageExpression {'compilation' if err.issues else 'instantiation'} failed: {err}"
            return found
        if message.output_type.kind != STRING:
            found.message_error = "messageExpression must evaluate to a string"
            return found
        found.message = message
        found.message_max_cost = message.estimate(sizes).max
    if rule.field_path:
        with contextlib.suppress(FieldPathError):
            found.field_path = find_field(rule.field_path, schema).text
    return found
