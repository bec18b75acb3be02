"""JSON where YAML is expected: client-go sends every apply so, and orjson reads it thirty times as fast.

YAML is no superset of JSON to the letter, and its readers are less so. What is taken here is the part on which both
readers agree; all else is left to the one for YAML.
"""

import re
from typing import Any

import orjson

from pilothouse.apimachinery.codec.json import MAX_DEPTH, may_have_duplicates, too_deep

#: Escapes that YAML reads in another way or not at all, tabs, carriage returns, merge keys, DEL (no YAML character).
_ELSEWISE = re.compile(rb'\\[u/]|[\t\r\x7f]|"<<"')
#: YAML wants the colon on the line of its key: looked for in documents of several lines.
_COLON_APART = re.compile(rb'"\s+:')
#: YAML gives up on longer keys (1024 characters, escapes included).
_LONGEST_KEY = 128


def json_document(data: bytes) -> Any:
    """The JSON object that `data` is, if a reader of YAML finds the same in it; None if it may not."""
    if data[:1] != b"{" or not data.isascii() or _ELSEWISE.search(data):
        return None
    if b"\n" in data and _COLON_APART.search(data):
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and too_deep(value):
        return None
    return value if _agreed(value) and not may_have_duplicates(data, value) else None


def _agreed(value: Any) -> bool:
    """Whether there is no number but integers, and no long key. `value` is a dict or a list."""
    if value.__class__ is dict:
        for key in value:
            if len(key) > _LONGEST_KEY:
                return False
        value = value.values()
    for item in value:
        kind = item.__class__
        if kind is float or ((kind is dict or kind is list) and not _agreed(item)):
            return False
    return True
