from collections.abc import Iterator
from typing import Any

from pilothouse.endpoints.openapi.gnostic import definition_entry, encode


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a protobuf message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        else:
            size, at = varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def inside(data: bytes, *numbers: int) -> Any:
    """The first value along a path of field numbers."""
    value: Any = data
    for number in numbers:
        value = next(v for n, v in fields(value) if n == number)
    return value


def test_definitions() -> None:
    pod = {
        "description": "x" * 300, "type": "object", "required": ["a", "b"],
        "properties": {"a": {"$ref": "#/definitions/b"}, "b": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": {"type": "integer"}, "x-kubernetes-list-type": "atomic",
    }  # fmt: skip
    data = encode({"swagger": "2.0", "definitions": {"Pod": pod}})
    assert inside(data, 1) == b"2.0"
    named = inside(data, 9, 1)
    assert inside(named, 1) == b"Pod"
    schema = inside(named, 2)
    assert inside(schema, 4) == b"x" * 300
    assert inside(schema, 22, 1) == b"object"
    assert [v for n, v in fields(schema) if n == 19] == [b"a", b"b"]
    properties = [v for _, v in fields(inside(schema, 25))]
    assert [inside(p, 1) for p in properties] == [b"a", b"b"]
    assert inside(properties[0], 2, 1) == b"#/definitions/b"
    assert inside(properties[1], 2, 23, 1, 22, 1) == b"string"
    assert inside(schema, 21, 1, 22, 1) == b"integer"
    assert inside(schema, 31, 1) == b"x-kubernetes-list-type"
    assert inside(schema, 31, 2, 2) == b'"atomic"\n'


def test_paths() -> None:
    operation = {
        "operationId": "list", "schemes": ["https"],
        "parameters": [
            {"name": "pretty", "in": "query", "type": "string", "uniqueItems": True},
            {"$ref": "#/parameters/p"},
            {"name": "body", "in": "body", "required": True, "schema": {"type": "string"}},
        ],
        "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/a"}}},
    }  # fmt: skip
    name = {"name": "name", "in": "path", "type": "string", "required": True}
    data = encode({"paths": {"/api/": {"post": operation, "parameters": [name]}}})
    path = inside(data, 8, 2)
    assert inside(path, 1) == b"/api/"
    post = inside(path, 2, 4)
    parameters = [v for n, v in fields(post) if n == 8]
    assert inside(parameters[0], 1, 2, 3, 4) == b"pretty"
    assert inside(parameters[0], 1, 2, 3, 20) == 1
    assert inside(parameters[1], 2, 1) == b"#/parameters/p"
    assert inside(parameters[2], 1, 1, 2) == b"body"
    assert inside(post, 9, 1, 1) == b"200"
    assert inside(post, 9, 1, 2, 1, 2, 1, 1) == b"#/definitions/a"
    assert inside(path, 2, 9, 1, 2, 4, 4) == b"name"


def test_keys_that_openapi_v2_does_not_have_are_left_out() -> None:
    assert encode({"swagger": "2.0", "servers": [], "definitions": {"A": {"nullable": True, "oneOf": []}}}) == encode(
        {"swagger": "2.0", "definitions": {"A": {}}}
    )


def test_bounds_of_custom_resources() -> None:
    schema = {
        "type": "array", "minItems": 1, "maxLength": 300, "uniqueItems": True, "minimum": -1.5, "maximum": 0,
        "items": [{"type": "string"}], "pattern": "^a$",
    }  # fmt: skip
    encoded = definition_entry("A", schema)
    # minItems, maxLength (a varint), uniqueItems, minimum (a double), pattern; a maximum of 0 is the default
    for part in ("7801", "58ac02", "800101", "49000000000000f8bf", "6a035e6124"):
        assert bytes.fromhex(part) in encoded
    assert b"\x0a\x06string" in encoded
