"""Paths into a schema that contain only fields and map keys: ".spec.labels['a/b']" (upstream: apiextensions-apiserver
pkg/apiserver/schema/cel/validation.go, ValidFieldPath)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pilothouse.apimachinery.structural.model import Structural

_NO_FIELD: Final = "does not refer to a valid field"
_END: Final = "unexpected end of JSON path"
_DELIMITERS: Final = re.compile(r"[.\[\]]")
_ESCAPE: Final = re.compile(r"\\.")
_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\",
}


class FieldPathError(ValueError):
    """Not a path into the schema, in upstream's words."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """`text` is as errors show it ("spec.labels[a/b]"), `root` its first field, `schema` what stands there."""

    text: str
    root: str
    schema: Structural | None


def find_field(path: str, schema: Structural, *, allow_brackets: bool = True) -> FieldPath:
    """Follows `path`, which starts with "." or "[". Raises FieldPathError."""
    text, root = "", ""
    node: Structural | None = schema
    tokens = _tokens(path)
    for token in tokens:
        if token == "[":  # noqa: S105
            if not allow_brackets:
                raise FieldPathError("array notation is not allowed")
            name = _unquoted(_next(tokens))
        elif token == ".":  # noqa: S105
            name = _next(tokens)
        else:
            raise FieldPathError(f"expected [ or . but got: {token}")
        text, node = _step(text, node, name)
        root = root or name
        if token == "[" and (closing := _next(tokens)) != "]":  # noqa: S105
            raise FieldPathError(f"expected ] but got {closing}")
    return FieldPath(text, root, node)


def _step(text: str, node: Structural | None, name: str) -> tuple[str, Structural | None]:
    if node is not None and node.properties:
        if name not in node.properties:
            raise FieldPathError(_NO_FIELD)
        return (f"{text}.{name}" if text else name), node.properties[name]
    additional = node.additional_properties if node is not None else None
    if additional is None:
        raise FieldPathError(_NO_FIELD)
    return f"{text}[{name}]", additional if isinstance(additional, Structural) else None


def _tokens(path: str) -> Iterator[str]:
    """Delimiters, texts between them, and quoted texts, which may contain delimiters."""
    at = 0
    while at < len(path):
        if path[at] == "'":
            end = at + 1
            while end < len(path) and not (path[end] == "'" and path[end - 1] != "\\"):
                end += 1
            yield path[at : end + 1]
            at = end + 1
            continue
        found = _DELIMITERS.search(path, at)
        end = found.start() if found else len(path)
        end = max(end, at + 1)
        yield path[at:end]
        at = end


def _next(tokens: Iterator[str]) -> str:
    token = next(tokens, None)
    if token is None:
        raise FieldPathError(_END)
    return token


def _unquoted(token: str) -> str:
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise FieldPathError(f"expected single quoted string but got {token}")
    for escape in _ESCAPE.findall(token[1:-1]):
        if escape[1] not in _ESCAPES:
            raise FieldPathError(f"invalid string literal: invalid escape char {escape}")
    return _ESCAPE.sub(lambda m: _ESCAPES[m[0][1]], token[1:-1])
