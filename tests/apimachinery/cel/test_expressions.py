"""Values, errors and costs of expressions, over plain JSON values."""

from typing import Any

import pytest

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.environment import Budget, Environment
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError, shown

FIELDS = {
    "replicas": t.Int, "maxReplicas": t.Int, "name": t.String, "items": t.list_of(t.String), "ratio": t.Double,
    "at": t.Timestamp, "wait": t.Duration, "raw": t.Bytes, "labels": t.map_of(t.String, t.String), "any": t.Dyn,
    "moments": t.list_of(t.Timestamp), "tags": t.ListType(t.String, None, "set"),
}
SELF = t.StructType("Object", {name: t.Field(name, type) for name, type in FIELDS.items()})
ENVIRONMENT = Environment({"self": SELF, "oldSelf": SELF, "x": t.Dyn})
OBJECT = {
    "replicas": 3, "maxReplicas": 5, "name": "abc", "items": ["a", "b"], "ratio": 1, "at": "2020-02-03T04:05:06Z",
    "wait": "1m30s", "raw": "aGk=", "labels": {"app": "web"}, "any": {"n": 1, "b": True, "l": [1, "two"]},
    "moments": ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"], "tags": ["p", "q"],
}
OLD = {**OBJECT, "tags": ["q", "p"], "name": "old"}


def run(text: str, **variables: Any) -> Any:
    return ENVIRONMENT.compile(text).evaluate({"self": OBJECT, "oldSelf": OLD, "x": 1, **variables})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", 5), ("7 % 3", 1), ("-7 / 2", -3), ("-7 % 2", -1), ("2u * 3u", 6), ("1.5 + 1.5", 3.0),
        ("0x1F", 31), ("-(1 - 3)", 2), ("!(1 < 2)", False), ("1 < 2.5 && 2u >= 1", True), ("1 == 1", True),
        ("dyn(1) == 1.0", True), ("dyn(1u) == 1", True), ("dyn(true) == dyn(1)", False), ("'a' + 'b'", "ab"),
        ("b'\\xff' + bytes('a')", b"\xffa"), ("r'\\n' == '\\\\n'", True), ('"""a"b"""', 'a"b'), ("'\\u00e9'", "é"),
        ("[1, 2] + [3]", [1, 2, 3]), ("{'a': 1}.a", 1), ("{'a': 1}['a']", 1), ("{1: 'x'}[1]", "x"), ("[1, 2][1]", 2),
        ("2 in [1, 2]", True), ("'app' in self.labels", True), ("self.name in ['abc']", True),
        ("self.items[1]", "b"), ("size('é') + size([1]) + size({'a': 1}) + b'ab'.size()", 5),
        ("has(self.name) && !has(self.labels.none)", True), ("true ? 1 : 2", 1),
        ("self.ratio / 2.0", 0.5), ("string(self.raw)", "hi"), ("self.at.getFullYear()", 2020),
        ("self.at.getDayOfWeek()", 1), ("self.at.getHours('-01:00')", 3), ("self.at.getHours('Europe/Paris')", 5),
        ("self.at + self.wait == timestamp('2020-02-03T04:06:36Z')", True), ("self.wait.getSeconds()", 90),
        ("self.moments[1] - self.moments[0] == duration('8784h')", True), ("self.moments.all(m, m > self.at)", False),
        ("self.moments == [timestamp('2020-01-01T00:00:00Z'), timestamp('2021-01-01T01:00:00+01:00')]", True),
        ("self.tags == oldSelf.tags && self.items == ['a', 'b']", True), ("(self.tags + ['q', 'r']).size()", 3),
        ("self.any.l[1]", "two"), ("self.any.b", True), ("string(1.0) + string(1u) + string(true)", "11true"),
        ("string(duration('90s'))", "90s"), ("string(timestamp('2020-01-01T00:00:00.5+02:00'))",
                                            "2020-01-01T00:00:00.5+02:00"),
        ("int('42') + int(2.9) + int(timestamp('1970-01-01T00:00:10Z'))", 54), ("double('1e3')", 1000.0),
        ("uint(3) == 3u", True), ("bool('true')", True), ("type(1) == int && type(self.at) == "
                                                          "google.protobuf.Timestamp", True),
        ("[1, 2, 3].all(n, n > 0)", True), ("[1, 2, 3].exists(n, n == 2)", True), ("[].all(n, n > 0)", True),
        ("[1, 2, 2].exists_one(n, n == 2)", False), ("[1, 2, 3].map(n, n * n)", [1, 4, 9]),
        ("[1, 2, 3].map(n, n > 1, n * n)", [4, 9]), ("[1, 2, 3].filter(n, n > 1)", [2, 3]),
        ("self.labels.map(k, k + '=' + self.labels[k])", ["app=web"]),
        ("[[1, 2], [3]].all(l, l.exists(n, n % 2 == 1))", True),
        # Errors of one side vanish when the other decides.
        ("1 / 0 == 1 || true", True), ("false && 1 / 0 == 1", False), ("1 / 0 == 1 && false", False),
        ("[0, 1].exists(n, 1 / n == 1)", True), ("[0, 1].all(n, 1 / n == 2)", False),
        ("x == 1 || x.missing", True),
        # Optionals
        ("self.labels.?app.orValue('none')", "web"), ("self.labels.?none.orValue('none')", "none"),
        ("self.labels[?'app'].hasValue()", True), ("optional.none().or(optional.of(1)).value()", 1),
        ("self.?labels.app.value()", "web"), ("[1][?3].orValue(7)", 7), ("[?optional.none(), 1]", [1]),
        ("{?'a': optional.of(1), ?'b': optional.none()}", {"a": 1}), ("optional.of(2).optMap(v, v * 2).value()", 4),
        ("optional.ofNonZeroValue('').hasValue()", False), ("self.labels.?app.optFlatMap(v, optional.of(v)).value()",
                                                            "web"),
        ("'hello'.matches('^h.*o$') && matches('a', 'a')", True), ("'hello'.contains('ell')", True),
        ("true || (1 / 0 == 1 ? true : false)", True), ("'a' < 'b' && b'a' < b'b' && false < true", True),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    found = run(text)
    assert found == value and type(found == value) is bool


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "division by zero"), ("1 % 0", "modulus by zero"), ("9223372036854775807 + x", "integer overflow"),
        ("2u - 3u", "unsigned integer overflow"), ("-9223372036854775808 / -x", "integer overflow"),
        ("self.labels.none", "no such key: none"), ("self.labels['none']", "no such key: none"),
        ("self.items[5]", "index out of bounds: 5"), ("self.items[-1]", "index out of bounds: -1"),
        ("{1: 2}[3]", "no such key: 3"), ("x.field", "no such key: field"), ("x + 'a'", "no such overload"),
        ("int(self.name)", "type conversion error from 'string' to 'int'"),
        ("timestamp(self.name)", "type conversion error from 'string' to 'google.protobuf.Timestamp'"),
        ("optional.none().value()", "optional.none() dereference"), ("self.name.matches(x + '(')", "no such overload"),
        ("self.name.matches(self.name + '(')", "error parsing regexp: missing closing ): `abc(`"),
        ("[0, 2].all(n, 4 / n == 2)", "division by zero"), ("1 / 0 == 1 || 1 % 0 == 1", "division by zero"),
        ("x ? 1 : 2", "no such overload"), ("x && true", "no such overload"), ("uint(-x)", "unsigned integer overflow"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "timestamp overflow"),
        ("int(1e20)", None), ("[1].map(n, n / 0)", "division by zero"),
        ("self.items.transformMap(i, v, i).x", None),
    ],
)  # fmt: skip
def test_errors(text: str, message: str | None) -> None:
    if message is None:
        with pytest.raises(ValueError, match=r"overflow|undeclared"):
            run(text)
        return
    with pytest.raises(EvaluationError) as failure:
        run(text)
    assert str(failure.value) == message


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("true", 0), ("self.replicas", 2), ("self.replicas <= self.maxReplicas", 5), ("has(self.name)", 1),
        ("[1, 2, 3].all(n, n > 0)", 16), ("[1, 2, 3].exists(n, n > 2)", 19), ("[1, 2, 3].map(n, n)", 40),
        ("self.name.startsWith('a')", 3), ("self.name == 'abc'", 3), ("self.items == ['a', 'b']", 3),
        ("self.name in ['x', 'y']", 2), ("self.name in self.items", 6), ("true ? self.replicas : 1", 1),
        ("self.items[self.replicas - 3]", 6), ("{'a': 1}.a", 2), ("duration('1s') == duration('1s')", 1),
        ("self.labels.?app.orValue('')", 3), ("self.labels.?none.orValue('')", 2),
        ("self.name.matches('abc')", 3), ("self.name + self.name", 5), ("false && self.replicas > 1", 0),
        ("[1, 2].exists_one(n, n == 1)", 8), ("[self.replicas]", 12), ("{'a': self.replicas}", 32),
    ],
)  # fmt: skip
def test_costs(text: str, cost: int) -> None:
    assert ENVIRONMENT.compile(text).run({"self": OBJECT})[1] == cost


def test_cost_limit_ends_a_program() -> None:
    program = ENVIRONMENT.compile("self.items.all(a, self.items.all(b, self.items.all(c, a != 'z')))")
    many = {"items": ["v"] * 300}
    with pytest.raises(CostExceeded, match="operation cancelled: actual cost limit exceeded"):
        program.evaluate({"self": many})
    assert program.evaluate({"self": OBJECT}, limit=1000) is True
    with pytest.raises(CostExceeded):
        program.evaluate({"self": OBJECT}, limit=50)


def test_budget_is_shared() -> None:
    budget = Budget(10)
    program = ENVIRONMENT.compile("self.replicas <= self.maxReplicas")
    program.evaluate({"self": OBJECT}, budget)
    assert budget.remaining == 5 and not budget.exceeded
    with pytest.raises(EvaluationError):
        program.evaluate({"self": {}}, budget)
    program.evaluate({"self": OBJECT}, budget)
    assert budget.exceeded


def test_missing_and_failed_variables() -> None:
    program = ENVIRONMENT.compile("x == 1")
    with pytest.raises(EvaluationError, match=r"no such attribute\(s\): x"):
        program.evaluate({})
    with pytest.raises(EvaluationError, match="gone"):
        program.evaluate({"x": EvaluationError("gone")})
    assert program.names == frozenset({"x"})


def test_shown() -> None:
    assert [shown(v) for v in (1.5, 1e21, True, None, "a", b"b", 100000.0, 1e-7)] == [
        "1.5", "1e+21", "true", "null", "a", "b", "100000", "1e-07",
    ]
