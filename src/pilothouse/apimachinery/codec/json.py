"""JSON in, as Go's decoder takes it (upstream: sigs.k8s.io/json).

orjson parses; what it refuses and Go accepts (bytes that are no UTF-8, half surrogates) is repaired as Go does,
with U+FFFD. Objects nested deeper than `MAX_DEPTH` are refused: Go stops at 10000, orjson writes no more than 254.
"""

import json
import re
from typing import Any, NamedTuple

import orjson

from pilothouse.apimachinery.schema.strict import Pairs

MAX_DEPTH = 240

_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_REPLACEMENT = "\ufffd".encode()


class SyntaxError(ValueError):
    """Not JSON. The message is Go's as far as it can be had."""


class Loaded(NamedTuple):
    """`pairs` is the document with its duplicate keys, or None where there are none."""

    value: Any
    pairs: Any


def loads(data: bytes) -> Any:
    """Parse; of duplicate keys the last wins. Raises SyntaxError."""
    return _parse(data)[0]


def load(data: bytes) -> Loaded:
    """Parse and find out whether there are duplicate keys. Raises SyntaxError."""
    value, data = _parse(data)
    if not may_have_duplicates(data, value):
        return Loaded(value, None)
    found = False

    def pairs(items: list[tuple[str, Any]]) -> Pairs:
        nonlocal found
        found = found or len(dict(items)) < len(items)
        return Pairs(items)

    document = json.loads(data, object_pairs_hook=pairs)
    return Loaded(value, document if found else None)


def too_deep(value: Any) -> bool:
    """Whether `value` is nested deeper than `MAX_DEPTH`."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for container in level if container.__class__ in (dict, list)
            for child in (container.values() if container.__class__ is dict else container)
            if child.__class__ in (dict, list)
        ]  # fmt: skip
        if not level:
            return False
    return True


def _parse(data: bytes) -> tuple[Any, bytes]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as e:
        repaired = _repaired(data)
        if repaired == data:
            raise _syntax_error(data, e) from None
        data = repaired
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as again:
            raise _syntax_error(data, again) from None
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and too_deep(value):
        raise SyntaxError("exceeded max depth")
    return value, data


def may_have_duplicates(data: bytes, value: Any) -> bool:
    """Colons decide: one stands after every key, and those in texts are the same in what orjson writes back,
    where a key that is lost takes its colon along. Colons written as an escape are the exception."""
    return b"\\u003" in data or data.count(b":") != orjson.dumps(value).count(b":")


def _repaired(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode(errors="replace").encode()
    if b"\\u" not in data:
        return data
    return _ESCAPE.sub(lambda m: _REPLACEMENT if m[2] else m[0], data)


def _syntax_error(data: bytes, error: orjson.JSONDecodeError) -> SyntaxError:
    reason = error.msg
    text = data.decode(errors="replace").rstrip(" \t\r\n")
    at = error.pos
    if "depth limit" in reason:
        return SyntaxError("exceeded max depth")
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if reason.startswith("trailing comma"):
        at += 1
    if at >= len(text) or "unexpected end" in reason:
        return SyntaxError("unexpected end of JSON input")
    character = _quote(text[at])
    if reason.startswith("unexpected content"):
        return SyntaxError(f"invalid character {character} after top-level value")
    if "expected ':'" in reason:
        return SyntaxError(f"invalid character {character} after object key")
    if "control character" in reason:
        return SyntaxError(f"invalid character {character} in string literal")
    if "invalid literal" in reason:
        return _literal_error(text, at)
    return SyntaxError(f"invalid character {character} looking for beginning of value")


def _literal_error(text: str, at: int) -> SyntaxError:
    expected = {"n": "null", "t": "true", "f": "false"}.get(text[at], "null")
    for i, c in enumerate(expected):
        if at + i >= len(text):
            return SyntaxError("unexpected end of JSON input")
        if text[at + i] != c:
            wrong = _quote(text[at + i])
            return SyntaxError(f"invalid character {wrong} in literal {expected} (expecting {_quote(c)})")
    return SyntaxError(f"invalid character {_quote(text[at + len(expected)])} after top-level value")


def _quote(c: str) -> str:
    if c == "'":
        return "'\\''"
    if c == '"':
        return "'\"'"
    return "'" + c.encode("unicode_escape").decode() + "'"
