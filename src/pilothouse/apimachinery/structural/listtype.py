"""Uniqueness in lists of type "set" and "map" (upstream: apiextensions-apiserver pkg/apiserver/schema/listtype)."""

import json
from collections.abc import Callable
from typing import Any, Final

import orjson

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, child, index, key
from pilothouse.apimachinery.structural.model import LIST_TYPES, Structural

_Check = Callable[[Any, str, list[Error]], None]

#: Stands for the key of items that do not have it: not the same as null.
_UNSPECIFIED: Final = object()


def validate_lists(obj: Any, s: Structural, path: str = "") -> list[Error]:
    """A Duplicate for each item that is in its list for the second time, and Invalid for items that a list of type
    "map" cannot hold; of very many, those found first."""
    errors: list[Error] = []
    check = s.compiled("list types", lambda: _compile(s))
    if check is not None:
        check(obj, path, errors)
    return errors[: field.MOST_ERRORS]


def _compile(s: Structural) -> _Check | None:
    """None if there are no sets or maps at the node or below."""
    if not s.below & LIST_TYPES and s.list_type not in ("set", "map"):
        return None
    children = {}
    for name, schema in s.properties.items():
        if (inner := _compile(schema)) is not None:
            children[name] = inner
    rest = s.additional_properties
    additional = _compile(rest) if isinstance(rest, Structural) else None
    item = _compile(s.items) if s.items is not None else None
    own = _own_check(s)
    if not (children or additional or item or own):
        return None

    def check(x: Any, path: str, errors: list[Error]) -> None:
        if x.__class__ is dict:
            if additional is not None:
                for k, v in x.items():
                    additional(v, key(path, k), errors)
            for name, inner in children.items():
                if name in x:
                    inner(x[name], child(path, name), errors)
        elif x.__class__ is list:
            if own is not None:
                own(x, path, errors)
            if item is not None:
                for i, v in enumerate(x):
                    item(v, index(path, i), errors)

    return check


def _own_check(s: Structural) -> _Check | None:
    if s.list_type == "set":
        return _check_set
    if s.list_type == "map":
        keys = s.list_map_keys
        return lambda x, path, errors: _check_map(x, keys, path, errors)
    return None


def _check_set(x: list[Any], path: str, errors: list[Error]) -> None:
    errors.extend(field.duplicate(index(path, i), x[i]) for i in _repeated(x, field.MOST_ERRORS - len(errors)))


def _check_map(x: list[Any], key_names: tuple[str, ...], path: str, errors: list[Error]) -> None:
    for i, item in enumerate(x):
        if item is not None and item.__class__ is not dict:
            detail = "must be an object for an array of list-type map"
            errors.append(field.invalid(index(path, i), item, detail))
            return
    if len(x) <= 1:
        return
    keys: list[Any]
    if len(key_names) == 1:
        (name,) = key_names
        keys = [_UNSPECIFIED if item is None else item.get(name, _UNSPECIFIED) for item in x]
        shown = [{} if k is _UNSPECIFIED else {name: k} for k in keys]
    else:
        keys = shown = [{name: item[name] for name in key_names if name in item} if item else {} for item in x]
    errors.extend(field.duplicate(index(path, i), shown[i]) for i in _repeated(keys, field.MOST_ERRORS - len(errors)))


def _repeated(values: list[Any], most: int) -> list[int]:
    """The places where values appear for the second time, at most so many. 1, 1.0 and true are three values."""
    seen: dict[Any, int] = {}
    found = []
    for i, value in enumerate(values):
        if value.__class__ is dict or value.__class__ is list:
            mark: Any = _canonical(value)
        else:
            mark = (value.__class__, value)
        times = seen[mark] = seen.get(mark, 0) + 1
        if times == 2:
            found.append(i)
            if len(found) >= most:
                break
    return found


def _canonical(value: Any) -> str | bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # a number beyond 64 bits
        return json.dumps(value, sort_keys=True)
