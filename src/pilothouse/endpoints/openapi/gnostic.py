"""The OpenAPI v2 document in protobuf, as client-go's discovery asks for it (upstream: github.com/google/gnostic-models
openapiv2, whose field numbers stand in the tables below).

A table maps a JSON key to a field number and the way in which its value is written. Maps are lists of named entries.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

#: (field number, value) -> the field's bytes
_Write = Callable[[int, Any], bytes]
_Table = Mapping[str, tuple[int, _Write]]


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of openapi.v2.Document. Keys that OpenAPI v2 does not have are left out.

    Raises TypeError, AttributeError, KeyError or ValueError for values of other types than theirs.
    """
    return _struct(document, _DOCUMENT)


def assemble(
    head: Mapping[str, Any], paths: Sequence[bytes], definitions: Sequence[bytes], parameters: Sequence[bytes]
) -> Iterator[bytes]:
    """A document of entries, in pieces; `head` is the rest of it."""
    yield encode({key: head[key] for key in ("swagger", "info") if key in head})
    for key, entries in (("paths", paths), ("definitions", definitions), ("parameters", parameters)):
        yield _varint(_DOCUMENT[key][0] << 3 | 2) + _varint(sum(map(len, entries)))
        yield from entries
    yield encode({key: value for key, value in head.items() if key not in ("swagger", "info")})


def path_entry(path: str, item: Mapping[str, Any]) -> bytes:
    """An entry of `paths`."""
    return _entry(2, path, item, _message(_PATH_ITEM))


def definition_entry(name: str, schema: Mapping[str, Any]) -> bytes:
    """An entry of `definitions`."""
    return _entry(1, name, schema, _schema)


def parameter_entry(name: str, parameter: Mapping[str, Any]) -> bytes:
    """An entry of `parameters`."""
    return _entry(1, name, parameter, _parameter)


def _varint(value: int) -> bytes:
    if 0 <= value < 0x80:
        return _SMALL[value]
    out = bytearray()
    value &= 0xFFFFFFFFFFFFFFFF
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = tuple(bytes((value,)) for value in range(0x80))


def _delimited(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _text(number: int, value: str) -> bytes:
    return _delimited(number, value.encode())


def _bool(number: int, value: bool) -> bytes:
    return _varint(number << 3) + b"\x01" if value else b""


def _integer(number: int, value: float) -> bytes:
    return _varint(number << 3) + _varint(int(value)) if value else b""


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value) if value else b""


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
        if key.startswith("x-") and "x-" in table:
            parts.append(_entry(table["x-"][0], key, v, _any))
        elif key in table:
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
    place, table = _PLACES[value["in"]]
    return _delimited(number, _delimited(2, _message(table)(place, value)))


def _reference_or(number: int, value: Mapping[str, Any], write: _Write) -> bytes:
    if "$ref" in value:
        return _delimited(number, _delimited(2, _text(1, value["$ref"])))
    return _delimited(number, write(1, value))


def _parameters(number: int, values: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(_reference_or(number, value, _parameter) for value in values)


def _items(number: int, value: Any) -> bytes:
    """ItemsItem: one schema, or a list of them."""
    return _delimited(number, _repeated(_schema)(1, value if isinstance(value, list) else [value]))


def _types(number: int, value: Any) -> bytes:
    """TypeItem: one type, or a list of them."""
    return _delimited(number, _TEXTS(1, value if isinstance(value, list) else [value]))


def _primitives(number: int, value: Mapping[str, Any]) -> bytes:
    return _delimited(number, _struct(value, _PRIMITIVES))


def _security(number: int, value: Mapping[str, Any]) -> bytes:
    """SecurityDefinitionsItem; other sorts than keys and passwords are left out."""
    found = {"basic": (1, _BASIC), "apiKey": (2, _API_KEY)}.get(value["type"])
    return _delimited(number, _message(found[1])(found[0], value) if found else b"")


def _response(number: int, value: Mapping[str, Any]) -> bytes:
    return _reference_or(number, value, _message(_RESPONSE))


_TEXTS = _repeated(_text)

_EXTERNAL: _Table = {"description": (1, _text), "url": (2, _text), "x-": (3, _any)}
_SCHEMA: _Table = {
    "$ref": (1, _text), "format": (2, _text), "title": (3, _text), "description": (4, _text), "default": (5, _any),
    "multipleOf": (6, _double), "maximum": (7, _double), "exclusiveMaximum": (8, _bool), "minimum": (9, _double),
    "exclusiveMinimum": (10, _bool), "maxLength": (11, _integer), "minLength": (12, _integer), "pattern": (13, _text),
    "maxItems": (14, _integer), "minItems": (15, _integer), "uniqueItems": (16, _bool),
    "maxProperties": (17, _integer), "minProperties": (18, _integer), "required": (19, _TEXTS),
    "enum": (20, _repeated(_any)), "additionalProperties": (21, _additional), "type": (22, _types),
    "items": (23, _items), "allOf": (24, _repeated(_schema)), "properties": (25, _named(_schema)),
    "discriminator": (26, _text), "readOnly": (27, _bool), "externalDocs": (29, _message(_EXTERNAL)),
    "example": (30, _any), "x-": (31, _any),
}  # fmt: skip
_BODY: _Table = {
    "description": (1, _text), "name": (2, _text), "in": (3, _text), "required": (4, _bool), "schema": (5, _schema),
    "x-": (6, _any),
}  # fmt: skip


def _simple(first: _Table, start: int, *, extensions: bool = True) -> dict[str, tuple[int, _Write]]:
    """`first`, then from number `start` what parameters, headers and their items have in common."""
    rest: tuple[tuple[str, _Write], ...] = (
        ("type", _text), ("format", _text), ("items", _primitives), ("collectionFormat", _text), ("default", _any),
        ("maximum", _double), ("exclusiveMaximum", _bool), ("minimum", _double), ("exclusiveMinimum", _bool),
        ("maxLength", _integer), ("minLength", _integer), ("pattern", _text), ("maxItems", _integer),
        ("minItems", _integer), ("uniqueItems", _bool), ("enum", _repeated(_any)), ("multipleOf", _double),
        ("x-", _any),
    )
    return {**first, **{key: (start + at, write) for at, (key, write) in enumerate(rest if extensions else rest[:-1])}}


_COMMON: _Table = {"required": (1, _bool), "in": (2, _text), "description": (3, _text), "name": (4, _text)}
_QUERY = _simple({**_COMMON, "allowEmptyValue": (5, _bool)}, 6)
_PATH = _simple(_COMMON, 5)
_PLACES: Mapping[str, tuple[int, _Table]] = {
    "header": (1, _PATH), "formData": (2, _QUERY), "query": (3, _QUERY), "path": (4, _PATH),
}
_PRIMITIVES = _simple({}, 1)
_HEADER = _simple({}, 1, extensions=False) | {"description": (18, _text), "x-": (19, _any)}
_RESPONSE: _Table = {
    "description": (1, _text), "schema": (2, _wrapped(1, _schema)), "headers": (3, _named(_message(_HEADER))),
    "examples": (4, _named(_any)), "x-": (5, _any),
}  # fmt: skip
_SECURITY_REQUIREMENTS = _repeated(_named(_wrapped(1, _TEXTS)))
_OPERATION: _Table = {
    "tags": (1, _TEXTS), "summary": (2, _text), "description": (3, _text), "externalDocs": (4, _message(_EXTERNAL)),
    "operationId": (5, _text), "produces": (6, _TEXTS), "consumes": (7, _TEXTS), "parameters": (8, _parameters),
    "responses": (9, _named(_response)), "schemes": (10, _TEXTS), "deprecated": (11, _bool),
    "security": (12, _SECURITY_REQUIREMENTS), "x-": (13, _any),
}  # fmt: skip
_PATH_ITEM: _Table = {
    "$ref": (1, _text),
    **{
        method: (number, _message(_OPERATION))
        for number, method in enumerate(("get", "put", "post", "delete", "options", "head", "patch"), 2)
    },
    "parameters": (9, _parameters),
    "x-": (10, _any),
}
_API_KEY: _Table = {"type": (1, _text), "name": (2, _text), "in": (3, _text), "description": (4, _text)}
_BASIC: _Table = {"type": (1, _text), "description": (2, _text)}
_INFO: _Table = {"title": (1, _text), "version": (2, _text), "description": (3, _text), "termsOfService": (4, _text)}
_DOCUMENT: _Table = {
    "swagger": (1, _text), "info": (2, _message(_INFO)), "host": (3, _text), "basePath": (4, _text),
    "schemes": (5, _TEXTS), "consumes": (6, _TEXTS), "produces": (7, _TEXTS),
    "paths": (8, _named(_message(_PATH_ITEM), 2)), "definitions": (9, _named(_schema)),
    "parameters": (10, _named(_parameter)), "security": (12, _SECURITY_REQUIREMENTS),
    "securityDefinitions": (13, _named(_security)),
}  # fmt: skip
