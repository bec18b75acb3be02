"""The OpenAPI v2 document in protobuf, as client-go's discovery asks for it (upstream: github.com/google/gnostic-models
openapiv2, whose field numbers stand in the tables below).

A table maps a JSON key to a field number and the way in which its value is written. Maps are lists of named entries.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

#: (field number, value) -> the field's bytes
_Write = Callable[[int, Any], bytes]
_Table = Mapping[str, tuple[int, _Write]]


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of openapi.v2.Document. Raises KeyError for a key that the documents built here do not have."""
    return _struct(document, _DOCUMENT)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _delimited(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _text(number: int, value: str) -> bytes:
    return _delimited(number, value.encode())


def _bool(number: int, value: bool) -> bytes:
    return _varint(number << 3) + b"\x01" if value else b""


def _any(number: int, value: Any) -> bytes:
    return _delimited(number, _text(2, orjson.dumps(value).decode() + "\n"))  # YAML is wanted, and JSON is YAML


def _repeated(write: _Write) -> _Write:
    return lambda number, values: b"".join(write(number, value) for value in values)


def _message(table: _Table) -> _Write:
    return lambda number, value: _delimited(number, _struct(value, table))


def _wrapped(inner: int, write: _Write) -> _Write:
    """A message whose only field is `inner`."""
    return lambda number, value: _delimited(number, write(inner, value))


def _named(write: _Write, entries: int = 1) -> _Write:
    """A map: a message with repeated (name, value) in field `entries`."""

    def encode(number: int, value: Mapping[str, Any]) -> bytes:
        return _delimited(number, b"".join(_entry(entries, name, v, write) for name, v in value.items()))

    return encode


def _entry(number: int, name: str, value: Any, write: _Write) -> bytes:
    return _delimited(number, _text(1, name) + write(2, value))


def _struct(value: Mapping[str, Any], table: _Table) -> bytes:
    parts: list[bytes] = []
    for key, v in value.items():
        if key.startswith("x-"):
            parts.append(_entry(table["x-"][0], key, v, _any))
        else:
            number, write = table[key]
            parts.append(write(number, v))
    return b"".join(parts)


def _schema(number: int, value: Mapping[str, Any]) -> bytes:
    return _delimited(number, _struct(value, _SCHEMA))


def _additional(number: int, value: Any) -> bytes:
    return _delimited(number, _bool(2, value) if isinstance(value, bool) else _schema(1, value))


def _parameter(number: int, value: Mapping[str, Any]) -> bytes:
    """Parameter: a body, or one of the places that is none."""
    if value["in"] == "body":
        return _delimited(number, _message(_BODY)(1, value))
    place, table = {"query": (3, _QUERY), "path": (4, _PATH)}[value["in"]]
    return _delimited(number, _delimited(2, _message(table)(place, value)))


def _reference_or(number: int, value: Mapping[str, Any], write: _Write) -> bytes:
    if "$ref" in value:
        return _delimited(number, _delimited(2, _text(1, value["$ref"])))
    return _delimited(number, write(1, value))


def _parameters(number: int, values: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(_reference_or(number, value, _parameter) for value in values)


def _response(number: int, value: Mapping[str, Any]) -> bytes:
    return _reference_or(number, value, _message(_RESPONSE))


_TEXTS = _repeated(_text)

_SCHEMA: _Table = {
    "$ref": (1, _text), "format": (2, _text), "title": (3, _text), "description": (4, _text), "default": (5, _any),
    "pattern": (13, _text), "required": (19, _TEXTS), "enum": (20, _repeated(_any)),
    "additionalProperties": (21, _additional), "type": (22, _wrapped(1, _text)), "items": (23, _wrapped(1, _schema)),
    "allOf": (24, _repeated(_schema)), "properties": (25, _named(_schema)), "example": (30, _any), "x-": (31, _any),
}  # fmt: skip
_BODY: _Table = {
    "description": (1, _text), "name": (2, _text), "in": (3, _text), "required": (4, _bool), "schema": (5, _schema),
}  # fmt: skip
_QUERY: _Table = {
    "required": (1, _bool), "in": (2, _text), "description": (3, _text), "name": (4, _text), "type": (6, _text),
    "uniqueItems": (20, _bool),
}  # fmt: skip
_PATH: _Table = {
    "required": (1, _bool), "in": (2, _text), "description": (3, _text), "name": (4, _text), "type": (5, _text),
    "uniqueItems": (19, _bool),
}  # fmt: skip
_RESPONSE: _Table = {"description": (1, _text), "schema": (2, _wrapped(1, _schema))}
_OPERATION: _Table = {
    "tags": (1, _TEXTS), "description": (3, _text), "operationId": (5, _text), "produces": (6, _TEXTS),
    "consumes": (7, _TEXTS), "parameters": (8, _parameters), "responses": (9, _named(_response)),
    "schemes": (10, _TEXTS), "x-": (13, _any),
}  # fmt: skip
_PATH_ITEM: _Table = {
    **{
        method: (number, _message(_OPERATION))
        for number, method in enumerate(("get", "put", "post", "delete", "options", "head", "patch"), 2)
    },
    "parameters": (9, _parameters),
}
_API_KEY: _Table = {"type": (1, _text), "name": (2, _text), "in": (3, _text), "description": (4, _text)}
_DOCUMENT: _Table = {
    "swagger": (1, _text), "info": (2, _message({"title": (1, _text), "version": (2, _text)})),
    "paths": (8, _named(_message(_PATH_ITEM), 2)), "definitions": (9, _named(_schema)),
    "parameters": (10, _named(_parameter)), "security": (12, _repeated(_named(_wrapped(1, _TEXTS)))),
    "securityDefinitions": (13, _named(_wrapped(2, _message(_API_KEY)))),
}  # fmt: skip
