"""Rules of definitions: what they cost, where old values are known, what they say of defaults."""

from typing import Any

import pytest

from pilothouse.registry.apiextensions.schema_facts import find_facts
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.apiextensions.schema_validation import validate_schema
from tests.registry.checks import begins

Schema = dict[str, Any]
RULES = "x-kubernetes-validations"
X = "S.properties[x]"
TEXT: Schema = {"type": "string"}
LONG = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"


def check(x: Schema, expected: list[str], options: SchemaOptions | None = None) -> None:
    schema = {"type": "object", "properties": {"x": x}}
    begins(validate_schema(schema, find_facts(schema), "S", False, options or SchemaOptions()), expected)


def ruled(schema: Schema, *rules: str, **more: Any) -> Schema:
    return {**schema, RULES: [{"rule": rule, **more} for rule in rules]}


def shown(rule: str, message: str = "") -> str:
    return (
        f'Invalid value: {{"Rule":"{rule}","Message":"","MessageExpression":"{message}","Reason":null,"FieldPath":"",'
        '"OptionalOldSelf":null}: '
    )


@pytest.mark.parametrize(("x", "expected"), [
    (ruled(TEXT, "self.size() < 5"), []),
    (ruled(TEXT, "self.z"), [
        f"{X}.{RULES}[0].rule: {shown('self.z')}compilation failed: ERROR: <input>:1:5: type 'string' does not support",
    ]),
    (ruled(TEXT, "1 +"), [f"{X}.{RULES}[0].rule: {shown('1 +')}compilation failed: ERROR: <input>:1:4: Syntax error"]),
    (ruled(TEXT, "self"), [f"{X}.{RULES}[0].rule: {shown('self')}cel expression must evaluate to a bool"]),
    (ruled(TEXT, "true", messageExpression="1"), [
        f"{X}.{RULES}[0].messageExpression: {shown('true', '1')}messageExpression must evaluate to a string",
    ]),
    (ruled(TEXT, "true", messageExpression="x"), [
        f"{X}.{RULES}[0].messageExpression: {shown('true', 'x')}messageExpression compilation failed: ERROR: <input>:",
    ]),
    (ruled(TEXT, "self == oldSelf"), []),
    (ruled(TEXT, "true", optionalOldSelf=True), [
        f"{X}.{RULES}[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
    ]),
    # old values of items are known only in lists of type map
    ({"type": "array", "items": ruled(TEXT, "self == oldSelf"), "maxItems": 2}, [
        f'{X}.items.{RULES}[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable '
        f"portion of the schema within {X}",
    ]),
    ({
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "maxItems": 2,
        "items": ruled({"type": "object", "required": ["k"], "properties": {"k": TEXT}}, "self.k == oldSelf.k"),
    }, []),
    # costs: of one rule for one value, of one rule for many, of all together
    (ruled({"type": "array", "items": {"type": "integer"}}, "self.all(a, self.all(b, self.all(c, c > 1)))"), [
        f"{X}.{RULES}[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x {LONG}",
        f"{X}.{RULES}[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire",
        "S: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds",
    ]),
    ({"type": "array", "maxItems": 100, "items": ruled({**TEXT, "maxLength": 10}, "self.contains('a')")}, []),
    ({"type": "array", "items": ruled(TEXT, "self.contains('a')")}, [
        f"{X}.items.{RULES}[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x {LONG}",
        f"{X}.items.{RULES}[0].rule: Forbidden: contributed to estimated rule cost total exceeding",
        "S: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds",
    ]),
    # what cannot be typed has no rules
    ({"x-kubernetes-preserve-unknown-fields": True, RULES: [{"rule": "true"}]}, [
        f"{X}.{RULES}: Internal error: internal error: failed to construct type information for {RULES} rules: unable",
    ]),
    # where the schema is wrong below, rules wait
    (ruled({"type": "object", "properties": {"y": {"type": "odd"}}}, "1 +"), [f"{X}.properties[y].type: Unsupported"]),
    # keywords may be names
    (ruled({"type": "object", "properties": {"if": {"type": "integer"}}}, "self.if > 0", "self.__if__ > 0"), []),
])  # fmt: skip
def test_rules(x: Schema, expected: list[str]) -> None:
    check(x, expected)


def test_an_unchanged_schema_may_cost_more() -> None:
    items = ruled({**TEXT, "maxLength": 500_000}, "self.matches('a+b+c+d+e+f+g+h+')")
    costly = {"type": "array", "maxItems": 20, "items": items}
    check(costly, [f"{X}.items.{RULES}[0].rule: Forbidden: estimated rule cost exceeds budget by factor of"])
    check(costly, [], SchemaOptions(limit_costs=False))


@pytest.mark.parametrize(("x", "expected"), [
    (ruled({**TEXT, "default": "a"}, "self == 'a'"), []),
    (ruled({**TEXT, "default": "a"}, "self == 'b'"), [
        f"{X}.default: Invalid value: \"a\": failed rule: self == 'b'",
    ]),
    # equal to its old value, but not to be introduced
    (ruled({**TEXT, "default": "a"}, "oldSelf.hasValue()", optionalOldSelf=True), [
        f'{X}.default: Invalid value: "a": failed rule: oldSelf.hasValue()',
    ]),
    ({"type": "object", "default": {"y": 1}, "properties": {"y": ruled({"type": "integer"}, "self > 1")}}, [
        f"{X}.default.y: Invalid value: 1: failed rule: self > 1",
    ]),
    ({"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": {
        "type": "object", "properties": {"name": ruled({**TEXT, "default": "a"}, "self == 'b'")},
    }}}, [f"{X}.properties[metadata].properties[name].default: Invalid value: \"a\": failed rule: self == 'b'"]),
])  # fmt: skip
def test_rules_about_defaults(x: Schema, expected: list[str]) -> None:
    check(x, expected)
