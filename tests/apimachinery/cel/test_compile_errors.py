"""What is wrong with expressions, in cel-go's words and places."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.environment import Environment
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError

SELF = t.StructType("Object", {"n": t.Field("n", t.Int), "s": t.Field("s", t.String)})
ENVIRONMENT = Environment({"self": SELF})
STARTS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


def issues(text: str) -> list[str]:
    with pytest.raises(CompileError) as failure:
        ENVIRONMENT.compile(text)
    found = sorted(failure.value.issues, key=lambda i: (i.location.line, i.location.column))
    return [f"{i.location.line}:{i.location.column + 1}: {i.message}" for i in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 +", [f"1:4: Syntax error: mismatched input '<EOF>' expecting {STARTS}"]),
        ("a b", ["1:3: Syntax error: extraneous input 'b' expecting <EOF>"]),
        ("a b c", ["1:3: Syntax error: mismatched input 'b' expecting <EOF>"]),
        ("(1", ["1:3: Syntax error: missing ')' at '<EOF>'"]),
        ("a.", ["1:3: Syntax error: no viable alternative at input '.'"]),
        ("a.true", ["1:3: Syntax error: mismatched input 'true' expecting IDENTIFIER"]),
        ("request.user = 'test'", [
            "1:14: Syntax error: token recognition error at: '= '",
            "1:16: Syntax error: extraneous input ''test'' expecting <EOF>",
        ]),
        ("*@a | b", [
            f"1:1: Syntax error: extraneous input '*' expecting {STARTS}",
            "1:2: Syntax error: token recognition error at: '@'",
            "1:5: Syntax error: token recognition error at: '| '",
            "1:7: Syntax error: extraneous input 'b' expecting <EOF>",
        ]),
        ("--", [
            "1:3: Syntax error: no viable alternative at input '-'",
            f"1:3: Syntax error: mismatched input '<EOF>' expecting {STARTS}",
        ]),
        ("func{{a}}", [
            "1:6: Syntax error: extraneous input '{' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
            "1:8: Syntax error: mismatched input '}' expecting ':'",
            "1:9: Syntax error: extraneous input '}' expecting <EOF>",
        ]),
        (r'"\xFh"', [
            r"""1:1: Syntax error: token recognition error at: '"\xFh'""",
            """1:6: Syntax error: token recognition error at: '"'""",
            f"1:7: Syntax error: mismatched input '<EOF>' expecting {STARTS}",
        ]),
        ("1 + 2\n3 +", ["2:1: Syntax error: mismatched input '3' expecting <EOF>"]),
        ("!<", [
            f"1:2: Syntax error: extraneous input '<' expecting {STARTS}",
            f"1:3: Syntax error: mismatched input '<EOF>' expecting {STARTS}",
        ]),
        ("x", ["1:1: undeclared reference to 'x' (in container '')"]),
        ("f(1)", ["1:2: undeclared reference to 'f' (in container '')"]),
        ("self.x", ["1:5: undefined field 'x'"]),
        ("self.n + self.s", ["1:8: found no matching overload for '_+_' applied to '(int, string)'"]),
        ("self.s.startsWith(1)", ["1:18: found no matching overload for 'startsWith' applied to 'string.(int)'"]),
        ("self.n && true", ["1:5: expected type 'bool' but found 'int'"]),
        ("[1, 'a']", ["1:5: expected type 'int' but found 'string'"]),
        ("self.n.all(i, true)",
         ["1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"]),
        ("self.n.x", ["1:7: type 'int' does not support field selection"]),
        ("duration('x')", ["1:10: invalid duration argument"]),
        ("timestamp('x')", ["1:11: invalid timestamp argument"]),
        ("self.s.matches('(')", ["1:16: invalid matches argument"]),
        ("has(self)", ["1:5: invalid argument to has() macro"]),
        ("[1].all(a.b, true)", ["1:10: argument must be a simple name"]),
        ("[1].map(1, true)", ["1:9: argument is not an identifier"]),
        ("for", ["1:1: reserved identifier: for"]),
        ("99999999999999999999", ["1:1: invalid int literal"]),
        ("self.n ==\n self.m", ["2:6: undefined field 'm'"]),
    ],
)  # fmt: skip
def test_issues(text: str, expected: list[str]) -> None:
    assert issues(text) == expected


def test_text_of_an_error() -> None:
    with pytest.raises(CompileError) as failure:
        ENVIRONMENT.compile("self.s\t== 'é' + missing")
    assert str(failure.value) == (
        "ERROR: <input>:1:17: undeclared reference to 'missing' (in container '')\n"
        " | self.s == 'é' + missing\n"
        " | ...........．....^"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "1" + ")" * 300, "1" + " + 1" * 300, "a" + ".b" * 300, "[" * 10000, "!" * 10000, "-" * 10000,
        "1" + " && true" * 5000, "x[" * 5000, "{" * 4000, "1 ? " * 3000, "a" * 100_001, "'" * 9999, "f(" * 9000,
        "has(" * 300 + "a.b" + ")" * 300, "[1].map(a, " * 300, "a.b{c:" * 400, "?" * 500, ")(" * 900,
    ],
)  # fmt: skip
def test_depth_and_size_are_bounded(text: str) -> None:
    with pytest.raises(CompileError):
        ENVIRONMENT.compile(text)


def test_deep_but_allowed() -> None:
    assert ENVIRONMENT.compile("(" * 200 + "1" + ")" * 200).evaluate({}) == 1
    assert ENVIRONMENT.compile("true" + " && true" * 2000).evaluate({}) is True
    assert ENVIRONMENT.compile("1" + " + 1" * 200).evaluate({}) == 201


def test_recursion_limit_text() -> None:
    with pytest.raises(CompileError) as failure:
        ENVIRONMENT.compile("(" * 300 + "1" + ")" * 300)
    assert str(failure.value) == "ERROR: <input>:-1:0: expression recursion limit exceeded: 250"


PIECES = st.sampled_from([
    "self", ".", "n", "s", "(", ")", "[", "]", "{", "}", ",", ":", "?", "==", "&&", "||", "!", "-", "+", "in", "1",
    "1.5", "2u", "'a'", "b'c'", "true", "null", "has", "all", "map", "exists", "x", " ", "size", "type", "optional",
    "of", "none", "duration", "timestamp", "int", "dyn", "'1h'", "startsWith", "matches", "@", "`a`", "\\", "é", "\n",
])  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=25).map("".join)))
def test_no_text_crashes(text: str) -> None:
    try:
        program = ENVIRONMENT.compile(text)
    except CompileError:
        return
    program.estimate()
    with contextlib.suppress(EvaluationError, CostExceeded):
        program.evaluate({"self": {"n": 1, "s": "a"}})


def test_macros_that_copy_are_bounded() -> None:
    with pytest.raises(CompileError, match="expression is too large"):
        ENVIRONMENT.compile("optional.of(1)" + ".optMap(v, v)" * 200)
    assert ENVIRONMENT.compile("optional.of(1)" + ".optMap(v, v + 1)" * 5 + ".value()").evaluate({}) == 6
