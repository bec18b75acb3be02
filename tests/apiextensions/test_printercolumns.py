"""Tables of custom resources."""

from typing import Any

import pytest

from pilothouse.apiextensions.printercolumns import ColumnPrinter
from pilothouse.apimachinery import meta

NOW = meta.parse_time("2026-01-02T03:04:05Z")


def _obj(value: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "creationTimestamp": "2026-01-02T03:00:05Z"}, "v": value}


def _cell(type: str, value: Any, path: str = ".v") -> Any:
    printer = ColumnPrinter([{"name": "V", "type": type, "jsonPath": path}])
    row = printer.cells(_obj(value), NOW)
    assert row[0] == "x"
    return row[1]


@pytest.mark.parametrize(("type", "value", "cell"), [
    ("string", "a", "a"), ("string", 5, "5"), ("string", 1.5, "1.5"), ("string", 1e6, "1e+06"),
    ("string", True, "true"),
    ("string", None, "<no value>"), ("string", {"b": "<", "a": [1]}, '{"a":[1],"b":"\\u003c"}'),
    ("string", [2**70], "[1180591620717411303424]"),
    ("integer", 5, 5), ("integer", 5.9, 5), ("integer", "5", None), ("integer", True, None), ("integer", None, None),
    ("integer", 1e300, -(2**63)),
    ("number", 5, 5), ("number", 5.5, 5.5), ("number", 5.0, 5), ("number", "5", None),
    ("boolean", True, True), ("boolean", "true", None), ("boolean", 0, None),
    ("date", "2026-01-02T03:03:05Z", "60s"), ("date", "2026-01-01T03:04:05+00:00", "24h"), ("date", "", "<unknown>"),
    ("date", "x", "<invalid>"), ("date", 5, None), ("date", "0001-01-01T00:00:00Z", "<unknown>"),
    ("wrong", "x", None),
])
def test_cells(type: str, value: Any, cell: Any) -> None:
    found = _cell(type, value)
    assert (found, found.__class__) == (cell, cell.__class__)


def test_what_is_not_there() -> None:
    assert _cell("string", 1, ".missing") is None
    assert _cell("string", [], ".v[0]") is None
    assert _cell("string", ["a", "b"], ".v[*]") == "a"


def test_columns() -> None:
    printer = ColumnPrinter([
        {"name": "A", "type": "string", "jsonPath": ".a"},
        {"name": "B", "type": "integer", "jsonPath": ".b", "description": "bees", "format": "int64", "priority": 1},
    ])
    name, a, b = printer.columns
    assert (name.name, name.format, name.description[:9]) == ("Name", "name", "Name must")
    assert a.description == "Custom resource definition column (in JSONPath format): .a"
    assert (b.type, b.format, b.description, b.priority) == ("integer", "int64", "bees", 1)
    assert printer.conditions({}) is None


@pytest.mark.parametrize("columns", [None, []])
def test_the_default_column(columns: Any) -> None:
    printer = ColumnPrinter(columns)
    assert [c.name for c in printer.columns] == ["Name", "Age"]
    assert printer.columns[1].description.startswith("CreationTimestamp is a timestamp")
    assert printer.cells(_obj(1), NOW) == ["x", "4m"]
    assert printer.cells({"metadata": {}}, NOW) == ["", None]


def test_a_path_that_cannot_be_parsed_ends_the_table() -> None:
    paths = {"A": ".v", "B": "[", "C": ".v"}
    printer = ColumnPrinter([{"name": name, "type": "string", "jsonPath": path} for name, path in paths.items()])
    assert [c.name for c in printer.columns] == ["Name", "A"]
    assert printer.cells(_obj("q"), NOW) == ["x", "q"]


def test_very_many_columns_look_at_so_much_and_show_so_much() -> None:
    """All of it would take minutes, and gigabytes."""
    deep = ColumnPrinter([{"name": "V", "type": "string", "jsonPath": "..a"}] * 5000)
    obj = {"metadata": {"name": "x"}, "spec": [{"a": i} for i in range(1000)], "text": "x" * 3_000_000}
    cells = deep.cells(obj, 0.0)
    assert len(cells) == 5001
    wide = ColumnPrinter([{"name": "V", "type": "string", "jsonPath": ".text"}] * 5000)
    assert [cell is not None for cell in wide.cells(obj, 0.0)[1:4]] == [True, True, False]
    few = ColumnPrinter([{"name": "V", "type": "string", "jsonPath": "..a"}] * 3)
    assert few.cells({"metadata": {"name": "x"}, "spec": [{"a": i} for i in range(100)]}, 0.0) == ["x", "0", "0", "0"]
