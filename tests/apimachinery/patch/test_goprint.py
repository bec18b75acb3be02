from typing import Any

import pytest

from pilothouse.apimachinery.patch import goprint


@pytest.mark.parametrize(("value", "plain", "syntax"), [
    (None, "<nil>", "interface {}(nil)"),
    (True, "true", "true"),
    ("a b", "a b", '"a b"'),
    (5, "5", "5"),
    (5.0, "5", "5"),
    (1.5, "1.5", "1.5"),
    ([1, "a"], "[1 a]", '[]interface {}{1, "a"}'),
    ({"b": 1, "a": [None]}, "map[a:[<nil>] b:1]",
     'map[string]interface {}{"a":[]interface {}{interface {}(nil)}, "b":1}'),
])
def test_prints(value: Any, plain: str, syntax: str) -> None:
    assert goprint.plain(value) == plain
    assert goprint.syntax(value) == syntax


@pytest.mark.parametrize(("value", "name"), [
    (None, "%!s(<nil>)"), (False, "bool"), ("", "string"), ([], "[]interface {}"), ({}, "map[string]interface {}"),
    (1, "int64"), (1.5, "float64"),
])
def test_type_names(value: Any, name: str) -> None:
    assert goprint.type_name(value) == name


def test_integers_of_another_decoder() -> None:
    assert goprint.type_name(1, integer="float64") == "float64"
