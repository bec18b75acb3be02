"""Paths into schemas."""


import pytest

from pilothouse.apimachinery.structural.fieldpath import FieldPathError, find_field
from pilothouse.apimachinery.structural.model import new_structural

SCHEMA = new_structural({
    "type": "object",
    "properties": {
        "a": {"type": "object", "properties": {"b.c": {"type": "string"}, "d": {"type": "integer"}}},
        "m": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "boolean"}}}},
        "any": {"type": "object", "additionalProperties": True},
        "list": {"type": "array", "items": {"type": "string"}},
    },
})  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "root", "type"),
    [
        (".a", "a", "a", "object"),
        (".a.d", "a.d", "a", "integer"),
        (".a['b.c']", "a.b.c", "a", "string"),
        ("['a']['d']", "a.d", "a", "integer"),
        (".m.key.x", "m[key].x", "m", "boolean"),
        (".m['k\\'e]y'].x", "m[k'e]y].x", "m", "boolean"),
        (".m['\\n']", "m[\n]", "m", "object"),
    ],
)
def test_found(path: str, text: str, root: str, type: str) -> None:
    found = find_field(path, SCHEMA)
    assert (found.text, found.root) == (text, root)
    assert found.schema is not None
    assert found.schema.type == type


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a", "expected [ or . but got: a"),
        (".", "unexpected end of JSON path"),
        ("..", "does not refer to a valid field"),
        (".x", "does not refer to a valid field"),
        (".list.x", "does not refer to a valid field"),
        (".a.d.e", "does not refer to a valid field"),
        (".any.x.y", "does not refer to a valid field"),
        (".a[d]", "expected single quoted string but got d"),
        (".a['d'", "unexpected end of JSON path"),
        (".a['d'x", "expected ] but got x"),
        (".a['", "expected single quoted string but got '"),
        (".m['\\q']", "invalid string literal: invalid escape char \\q"),
        (".a[", "unexpected end of JSON path"),
    ],
)
def test_not_found(path: str, problem: str) -> None:
    with pytest.raises(FieldPathError) as e:
        find_field(path, SCHEMA)
    assert str(e.value) == problem


def test_brackets_can_be_refused() -> None:
    with pytest.raises(FieldPathError, match="array notation is not allowed"):
        find_field(".a['d']", SCHEMA, allow_brackets=False)


def test_a_map_of_anything_ends_the_schema() -> None:
    assert find_field(".any.x", SCHEMA).schema is None


def test_the_root_itself() -> None:
    assert find_field("", SCHEMA).schema is SCHEMA


