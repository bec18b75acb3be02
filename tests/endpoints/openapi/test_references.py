from pilothouse.endpoints.openapi.references import needed

DEFINITIONS = {
    "b": {"properties": {"x": {"$ref": "#/definitions/c"}}},
    "c": {"properties": {"self": {"$ref": "#/definitions/c"}, "$ref": {"type": "string"}}},
    "unused": {},
    "a": {"allOf": [{"$ref": "#/components/schemas/b"}]},
}


def test_references_are_followed_through_cycles_and_sorted() -> None:
    assert list(needed(b'{"schema":{"$ref":"#/components/schemas/a"}}', DEFINITIONS)) == ["a", "b", "c"]
    assert needed(b"{}", DEFINITIONS) == {}
