"""Decoded JSON values as Go's encoder writes them (upstream: encoding/json)."""

from __future__ import annotations

import math
from typing import Any

import orjson

from pilothouse.apimachinery import field


def json_text(value: Any) -> str:
    """A decoded JSON value as Go writes it."""
    text = orjson.dumps(go_json_value(value), option=orjson.OPT_SORT_KEYS).decode()
    return text.translate(field.GO_HTML)


def go_json_value(value: Any) -> Any:
    """With the keys of objects sorted, and whole floats as integers, as Go writes them."""
    if value.__class__ is dict:
        return {name: go_json_value(value[name]) for name in sorted(value)}
    if value.__class__ is list:
        return [go_json_value(item) for item in value]
    if value.__class__ is float and math.isfinite(value) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value
