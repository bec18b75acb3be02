"""x-kubernetes-validations on objects: errors with their paths and reasons, old values, budgets, ratcheting."""

from typing import Any

import pytest
from tests.observability.support import samples

from pilothouse.apimachinery.structural.cel_validator import OutOfBudget, new_rule_validator, object_rules
from pilothouse.apimachinery.structural.model import new_structural

STRING = {"type": "string"}
INT = {"type": "integer"}


def errors(
    spec: dict[str, Any], value: Any, old: Any = None, warnings: list[str] | None = None
) -> list[str]:
    props = {"type": "object", "properties": {"spec": spec}}
    rules = object_rules(new_structural(props), props)
    assert rules is not None
    before = None if old is None else {"spec": old}
    return [str(e) for e in rules.validate({"spec": value}, before, warnings)]


def rule(text: str, **more: Any) -> dict[str, Any]:
    return {"rule": text, **more}


def obj(*rules: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule("self.n < 3"), "spec: Invalid value: failed rule: self.n < 3"),
        (rule("self.n < 3", message=" too many "), "spec: Invalid value: too many"),
        (rule("self.n < 3", messageExpression="'n is ' + string(self.n)"), "spec: Invalid value: n is 5"),
        (rule("self.n < 3", message="m", messageExpression="'a\\nb'"), "spec: Invalid value: m"),
        (rule("self.n < 3", message="m", messageExpression="string(1 / (self.n - 5))"), "spec: Invalid value: m"),
        (rule("self.n < 3", reason="FieldValueForbidden"), "spec: Forbidden: failed rule: self.n < 3"),
        (rule("self.n < 3", reason="FieldValueRequired", fieldPath=".n"), "spec.n: Required value: failed rule: "
                                                                          "self.n < 3"),
        (rule("self.n < 3", reason="FieldValueDuplicate"), "spec: Duplicate value"),
        (rule("1 / (self.n - 5) == 1"), 'spec: Invalid value: "object": division by zero evaluating rule: '
                                        "1 / (self.n - 5) == 1"),
        (rule("dyn(self.n) + 'a' == ''", message="m"),
         "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, "
         "function or macro signature for rule: m"),
        (rule("self.m == 1"), 'spec: Invalid value: "object": rule compile error: compilation failed: ERROR: '
                              "<input>:1:5: undefined field 'm'\n | self.m == 1\n | ....^"),
        (rule("self.s.matches('a')"), 'spec: Invalid value: "object": no such key: s evaluating rule: '
                                      "self.s.matches('a')"),
    ],
)  # fmt: skip
def test_failures(given: dict[str, Any], expected: str) -> None:
    assert errors(obj(given, n=INT, s=STRING), {"n": 5}) == [expected]


def test_parts_have_rules() -> None:
    text = {**STRING, "x-kubernetes-validations": [rule("self != 'bad'")]}
    schema = {"type": "object", "properties": {
        "list": {"type": "array", "items": text}, "map": {"type": "object", "additionalProperties": text}, "text": text,
        "a-b": {"type": "object", "properties": {"x": text}},
    }}  # fmt: skip
    value = {"list": ["ok", "bad"], "map": {"k": "bad"}, "text": "bad", "a-b": {"x": "bad"}}
    failed = "Invalid value: \"bad\": failed rule: self != 'bad'"
    assert errors(schema, value) == [
        f"{at}: {failed}" for at in ("spec.list[1]", "spec.map[k]", "spec.text", "spec.a-b.x")
    ]


def test_root_sees_metadata_and_escaped_names() -> None:
    props = {
        "type": "object", "properties": {"a-b": STRING, "in": STRING},
        "x-kubernetes-validations": [rule("self.metadata.name == 'n' && self.a__dash__b == 'x' && self.__in__ == 'y'")],
    }
    rules = object_rules(new_structural(props), props)
    assert rules is not None
    good = {"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n"}, "a-b": "x", "in": "y"}
    assert rules.validate(good, None) == []
    assert [e.field for e in rules.validate({**good, "in": "z"}, None)] == ["<nil>"]


def test_transitions() -> None:
    fixed = {**INT, "x-kubernetes-validations": [rule("self == oldSelf", message="immutable")]}
    schema = {"type": "object", "properties": {
        "n": fixed, "keyed": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": STRING, "v": fixed}},
        },
        "optional": {**INT, "x-kubernetes-validations": [
            rule("!oldSelf.hasValue() || oldSelf.value() <= self", optionalOldSelf=True, message="may only grow"),
        ]},
    }}  # fmt: skip
    before = {"n": 1, "keyed": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "optional": 3}
    assert errors(schema, before) == [] and errors(schema, before, before) == []
    after = {"n": 2, "keyed": [{"k": "b", "v": 2}, {"k": "a", "v": 9}, {"k": "c", "v": 1}], "optional": 2}
    assert errors(schema, after, before) == [
        "spec.n: Invalid value: 2: immutable", "spec.keyed[1].v: Invalid value: 9: immutable",
        "spec.optional: Invalid value: 2: may only grow",
    ]


def test_what_did_not_change_only_warns() -> None:
    schema = obj(n={**INT, "x-kubernetes-validations": [rule("self < 3", message="too big")]}, s=STRING)
    schema.pop("x-kubernetes-validations")
    warnings: list[str] = []
    assert errors(schema, {"n": 5, "s": "b"}, {"n": 5, "s": "a"}, warnings) == []
    assert warnings == ["spec.n: Invalid value: 5: too big"]
    assert errors(schema, {"n": 6}, {"n": 5}) == ["spec.n: Invalid value: 6: too big"]


def test_rules_of_all_of() -> None:
    schema = {"type": "object", "properties": {"n": INT}, "allOf": [
        {"properties": {"n": {"x-kubernetes-validations": [rule("self > 0")]}}},
    ], "x-kubernetes-validations": [rule("true")]}  # fmt: skip
    assert errors(schema, {"n": 0}) == ["spec.n: Invalid value: 0: failed rule: self > 0"]


def test_budget() -> None:
    schema = new_structural({
        "type": "array", "items": STRING, "x-kubernetes-validations": [
            rule("self.all(a, self.all(b, a.size() + b.size() > 0))"), rule("self.size() > 10000"),
        ],
    })  # fmt: skip
    validator = new_rule_validator(schema, is_root=False)
    assert validator is not None
    many = ["x"] * 1000
    assert [e.detail for e in validator.validate(many)] == [
        "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost "
        "exceeds limit for rule: self.all(a, self.all(b, a.size() + b.size() > 0))"
    ]
    assert [e.detail for e in validator.validate(many[:10], budget=100)] == [
        "validation failed due to running out of cost budget, no further validation rules will be run"
    ]


def test_without_rules() -> None:
    assert new_rule_validator(new_structural({"type": "object"})) is None


def test_compilations_and_evaluations_are_counted() -> None:
    names = ("apiserver_cel_compilation_duration_seconds", "apiserver_cel_evaluation_duration_seconds")
    before = samples()
    assert errors(obj(rule("self.n < 3"), rule("self.n < 9"), n=INT), {"n": 1}) == []
    after = samples()
    # both rules of a value at once; and the value around it
    assert [after[f"{name}_count"] - before[f"{name}_count"] for name in names] == [1, 2]
    assert all(after[f"{name}_sum"] > before[f"{name}_sum"] for name in names)


def test_what_costs_little_and_takes_long_is_not_short() -> None:
    """Joining sets costs 1, however long they are."""
    items = {"type": "array", "maxItems": 5000, "x-kubernetes-list-type": "set", "items": {"type": "integer"}}
    schema = obj(rule("self.l.all(x, (self.l + self.l).size() > 0)"), l=items)
    validator = new_rule_validator(new_structural(schema))
    assert validator is not None
    value = {"l": list(range(2000))}
    with pytest.raises(OutOfBudget):
        validator.validate(value, short=100_000)
    assert validator.validate({"l": [1, 2]}, short=100_000) == []
