"""When two JSON values are the same (upstream: apimachinery pkg/api/equality, structured-merge-diff value/).

Python's == takes true for 1 and false for 0. It is right wherever the type schema says what a value is; what no
schema describes (raw extensions, unknown fields of custom resources) needs one of these.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def same(a: Any, b: Any) -> bool:
    """Whether `a` and `b` are the same JSON, the order of keys aside."""
    return a is b or (a == b and _sorted(a) == _sorted(b))


def same_or_empty(a: Any, b: Any) -> bool:
    """Whether two objects of one type say the same: nothing and empty are equal (upstream: equality.Semantic)."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return all(same_or_empty(a.get(k), b.get(k)) for k in a.keys() | b.keys())
    if isinstance(a, Sequence) and isinstance(b, Sequence) and not isinstance(a, str):
        return len(a) == len(b) and all(map(same_or_empty, a, b))
    return a == b or (_is_empty(a) and _is_empty(b))


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value is False


def _sorted(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def same_booleans(a: Any, b: Any) -> bool:
    """Whether `a` and `b`, which are == each other, have their booleans in the same places.

    With == this is how field management compares: 1 and 1.0 are equal, 1 and true are not.
    """
    return a is b or _agree(a, b)


def _agree(a: Any, b: Any) -> bool:
    if a.__class__ is dict:
        return all(_agree(value, b[name]) for name, value in a.items())
    if a.__class__ is list:
        return all(map(_agree, a, b))
    return (a.__class__ is bool) is (b.__class__ is bool)
