"""Path elements in their wire form (upstream: structured-merge-diff fieldpath/element.go, serialize-pe.go).

An element is the text that FieldsV1 uses as a key: `f:name` a field or map key, `k:{"name":"c"}` an item of a
keyed list, `v:"x"` an item of a set, `i:0` an index. Two elements are the same exactly if their texts are, since
every text here is canonical.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.numbers import whole

SortKey = tuple[Any, ...]

_SHORT: Final = 128
_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def json_string(text: str) -> str:
    """The text as Go's encoders write it, HTML characters escaped."""
    return _short_json_string(text) if len(text) <= _SHORT else _encode(text)


def _encode(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode().translate(_HTML)


_short_json_string = lru_cache(maxsize=8192)(_encode)
"""Names of list items recur all the time; long texts are not worth the memory."""


def json_value(value: Any) -> str:
    """Canonical JSON of a list item or key: integral floats are written as integers."""
    match value:
        case str():
            return json_string(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
        case None:
            return "null"
    return _encode(value)


def key_element(key: Mapping[str, Any]) -> str:
    return "k:{" + ",".join([f"{json_string(name)}:{json_value(key[name])}" for name in sorted(key)]) + "}"


def value_element(value: Any) -> str:
    return "v:" + json_value(value)


class UnknownElement(ValueError):
    """The element's kind is not known: a reader skips it, a future version may know more."""


def canonical(text: str) -> str:
    """Check a path element that a client wrote. Raises UnknownElement or ValueError."""
    if len(text) < 2:
        raise ValueError("key must be 2 characters long:")
    if text[1] != ":":
        raise ValueError(f"missing colon: {text}")
    match text[0]:
        case "f":
            return text
        case "v":
            return "v:" + json_value(orjson.loads(text[2:]))
        case "k":
            key = orjson.loads(text[2:])
            if not isinstance(key, dict):
                raise ValueError(f"expect {{ or n, but found {text[2:3]}")
            return key_element(key)
        case "i":
            return f"i:{whole(text[2:])}"
    raise UnknownElement(text)


def sort_key(text: str) -> SortKey:
    """SMD's order: fields by name, then keyed items, then set items by value, then indexes."""
    if text[0] in ".f":
        return (0, text)
    return _short_sort_key(text) if len(text) <= _SHORT else _sort_key(text)


def _sort_key(text: str) -> SortKey:
    match text[0]:
        case "k":
            key = orjson.loads(text[2:])
            return (1, tuple((name, *_value_rank(key[name])) for name in sorted(key)))
        case "v":
            return (2, *_value_rank(orjson.loads(text[2:])))
    return (3, whole(text[2:]))


_short_sort_key = lru_cache(maxsize=8192)(_sort_key)


def _value_rank(value: Any) -> tuple[Any, ...]:
    match value:
        case bool():
            return (2, value)
        case int() | float():
            return (0, value)
        case str():
            return (1, value)
        case None:
            return (5,)
    return (3 if isinstance(value, list) else 4, json_value(value))


def display(text: str) -> str:
    """As error texts show it: `.name`, `[name="c"]`, `[="x"]`, `[0]`."""
    match text[0]:
        case "f":
            return "." + text[2:]
        case "k":
            key = orjson.loads(text[2:])
            return "[" + ",".join([f"{name}={_display_value(key[name])}" for name in sorted(key)]) + "]"
        case "v":
            return f"[={_display_value(orjson.loads(text[2:]))}]"
    return f"[{text[2:]}]"


def _display_value(value: Any) -> str:
    match value:
        case str():
            return go_quote(value)
        case list():
            return "[" + ",".join([_display_value(v) for v in value]) + "]"
        case dict():
            return "".join([f"{k}={_display_value(v)}" for k, v in value.items()])
    return json_value(value)
