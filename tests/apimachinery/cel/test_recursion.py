"""Deep expressions work, and do so without a change to what recursion the process allows."""

import sys
from collections.abc import Callable

import pytest

from pilothouse.apimachinery.cel.environment import Environment
from pilothouse.apimachinery.cel.recursion import Levels
from pilothouse.apimachinery.cel.source import CompileError

ENVIRONMENT = Environment()


@pytest.mark.parametrize("text", [
    "(" * 249 + "true" + ")" * 249, "[" * 249 + "1" + "]" * 249 + " != []", "{1: " * 249 + "1" + "}" * 249 + " != {}",
    "1" + " + 1" * 249 + " > 0", "1 + (" * 200 + "1" + ")" * 200 + " > 0", "true ? true : " * 249 + "true",
    "dyn(" * 249 + "true" + ")" * 249, "[1].all(x, " * 240 + "true" + ")" * 240,
    "[1].map(x, " * 240 + "1" + ")" * 240 + " != []", "[1]" + ".map(x, x)" * 120 + " == [1]",
    "{'a': dyn(1)}" + ".?a" * 200 + " == optional.none() || true",
])
def test_what_is_deep_but_allowed(text: str) -> None:
    before = sys.getrecursionlimit()
    program = ENVIRONMENT.compile(text)
    assert program.estimate().max >= 0
    assert program.evaluate({}) is True
    assert sys.getrecursionlimit() == before


def test_what_nothing_else_bounds() -> None:
    with pytest.raises(CompileError, match="expression is nested too deeply"):
        ENVIRONMENT.compile("{'a': dyn(1)}" + ".?a" * 30_000)


def test_levels() -> None:
    levels = Levels(10)

    def down(count: int, then: Callable[[], int]) -> int:
        return 1 + levels.call(down, count - 1, then) if count else then()

    assert down(999, lambda: 5) == 1004
    with pytest.raises(RecursionError):
        down(1010, lambda: 5)
    with pytest.raises(KeyError, match="x"):
        down(25, lambda: {}["x"])
    assert levels.depth == 0
