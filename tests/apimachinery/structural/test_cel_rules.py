"""Compiled rules: what is wrong with them, and what they may cost, given the limits of the schema."""

from typing import Any

import pytest

from pilothouse.apimachinery.structural.cel_rules import CompiledRule, compile_rules
from pilothouse.apimachinery.structural.cel_types import declare
from pilothouse.apimachinery.structural.model import new_structural


def compiled(text: str, **properties: Any) -> CompiledRule:
    schema = new_structural({
        "type": "object", "properties": properties, "x-kubernetes-validations": [{"rule": text}],
    })  # fmt: skip
    declared = declare(schema)
    assert declared is not None
    return compile_rules(schema.validations, schema, declared)[0]


LIST = {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10}}


@pytest.mark.parametrize(
    ("text", "properties", "cost"),
    [
        ("self.n == 1", {"n": {"type": "integer"}}, 2), ("true", {}, 0),
        ("self.s == 'abcdefghijkl'", {"s": {"type": "string", "maxLength": 20}}, 4),
        ("self.s.startsWith('a')", {"s": {"type": "string"}}, 3),
        ("self.l.all(x, x == 'a')", {"l": LIST}, 53),
        ("self.l.exists(x, x.contains('ab'))", {"l": LIST}, 93),
        ("self.s.matches('abcd')", {"s": {"type": "string", "maxLength": 10}}, 7),
        ("self.e.size() > 1", {"e": {"type": "string", "enum": ["ab", "cde"]}}, 4),
        ("self.e + self.e == 'x'", {"e": {"type": "string", "enum": ["ab", "cde"]}}, 6),
    ],
)  # fmt: skip
def test_estimates(text: str, properties: dict[str, Any], cost: int) -> None:
    found = compiled(text, **properties)
    assert not found.error and found.max_cost == cost


def test_unbounded_sizes_come_from_the_largest_request() -> None:
    found = compiled("self.l.all(x, x > 0)", l={"type": "array", "items": {"type": "integer"}})
    assert found.max_cost == 2 + 1 + (3 * 1024 * 1024 - 2) // 2 * 5
    assert found.max_cardinality == 3 * 1024 * 1024 // 3


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("self.n", "cel expression must evaluate to a bool"),
        ("int('x') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"),
        ("self.untyped == 1", "compilation failed: ERROR: <input>:1:5: undefined field 'untyped'\n"
                              " | self.untyped == 1\n | ....^"),
    ],
)  # fmt: skip
def test_errors(text: str, error: str) -> None:
    assert compiled(text, n={"type": "integer"}, untyped={}).error == error


def test_old_self_is_noticed() -> None:
    assert compiled("self == oldSelf").uses_old_self and not compiled("self == self").uses_old_self
