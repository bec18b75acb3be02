"""Rules of definitions: what compiling them tells, and what they may cost alone and together."""

from typing import Any

import pytest

from pilothouse.registry.apiextensions.schema_facts import find_facts
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.apiextensions.schema_validation import validate_schema

STRING = {"type": "string"}
HINT = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
    "declared)"
)


def errors(schema: dict[str, Any], options: SchemaOptions | None = None) -> list[str]:
    found = validate_schema(schema, find_facts(schema), "s", False, options or SchemaOptions())
    return [str(e) for e in found]


def listed(text: str, most: int | None, longest: int) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "array", "items": {**STRING, "maxLength": longest}, "x-kubernetes-validations": [{"rule": text}],
    }  # fmt: skip
    return schema if most is None else {**schema, "maxItems": most}


def within(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


PAIRS = "self.all(x, self.all(y, x == y))"


def test_one_rule_may_cost_so_much() -> None:
    assert errors(within(a=listed(PAIRS, 20, 10))) == []
    expensive = errors(within(a=listed(PAIRS, 400, 1000)))
    assert expensive == [
        "s.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of "
        f"6.5x {HINT}"
    ]
    assert errors(within(a=listed(PAIRS, 400, 1000)), SchemaOptions(limit_costs=False)) == []


def test_all_rules_may_cost_so_much() -> None:
    found = errors(within(**{f"a{i:02}": listed(PAIRS, 350, 150) for i in range(20)}))
    assert found[-1].startswith(
        "s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget "
        "by factor of 1.6x (try"
    )
    contributed = [text for text in found if "contributed to estimated rule cost total" in text]
    assert len(contributed) == 4


def test_cardinality_counts() -> None:
    rule = {"rule": "self.startsWith('a')"}
    item = {**STRING, "x-kubernetes-validations": [rule]}
    assert errors(within(a={"type": "array", "maxItems": 1000, "items": item})) == []
    nested = {"type": "array", "maxItems": 10_000, "items": {"type": "array", "maxItems": 10_000, "items": item}}
    assert "estimated rule cost exceeds budget by factor of 20.0x" in errors(within(a=nested))[0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": "true", "messageExpression": "1"}, ".messageExpression: Invalid value: messageExpression must "
                                                    "evaluate to a string"),
        ({"rule": "true", "messageExpression": "self.x"},
         ".messageExpression: Invalid value: messageExpression compilation failed: ERROR: <input>:1:5: undefined"),
        ({"rule": "self.metadata.name.startsWith('a')"}, ""), ({"rule": "self.kind == oldSelf.kind"}, ""),
        ({"rule": "self.metadata.labels.size() > 0"},
         ".rule: Invalid value: compilation failed: ERROR: <input>:1:14: undefined field 'labels'"),
        ({"rule": "1"}, ".rule: Invalid value: cel expression must evaluate to a bool"),
        ({"rule": "int('x') == 1"}, ".rule: Invalid value: program instantiation failed: type conversion error"),
        ({"rule": "true", "optionalOldSelf": True},
         ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"),
    ],
)  # fmt: skip
def test_expressions(rule: dict[str, Any], expected: str) -> None:
    found = errors({"type": "object", "x-kubernetes-validations": [rule]})
    assert len(found) == bool(expected)
    if expected:
        # the rule itself is shown as Go dumps it
        before, brace, after = found[0].partition("{")
        text = before + after.partition("}: ")[2] if brace else found[0]
        assert text.startswith(f"s.x-kubernetes-validations[0]{expected}")


def test_old_values_must_be_found() -> None:
    item = {"type": "object", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    assert errors(within(a={"type": "array", "items": item})) == [
        's.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be '
        "used on the uncorrelatable portion of the schema within s.properties[a]"
    ]


def test_schemas_without_a_type_have_no_rules() -> None:
    untyped = {"x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-validations": [{"rule": "self == 1"}]}
    assert "unable to convert structural schema to CEL declarations" in errors(within(a=untyped))[0]
