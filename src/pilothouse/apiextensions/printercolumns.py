"""Tables of custom resources: additionalPrinterColumns as a printer (upstream: apiextensions-apiserver
pkg/registry/customresource/tableconvertor)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from pilothouse.apimachinery import jsonpath, meta
from pilothouse.apimachinery.patch.goprint import plain
from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.apimachinery.schema.scalars import time_text
from pilothouse.registry.printing import DEFAULT_PRINTER, UNKNOWN, human_duration
from pilothouse.registry.rest import Column

#: The column that resources have whose definition names none.
_AGE: Final = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
#: What all columns of one object may look at, and characters that they may show: they multiply.
_MOST_VALUES: Final = 20_000
_MOST_TEXT: Final = 4 << 20
_INT64_MIN: Final = -(1 << 63)
#: What JSON says in Go where the value at a path is null and text is asked for.
_NO_VALUE: Final = "<no value>"

_Cell = Callable[[Any, float], Any]


class ColumnPrinter:
    """A `rest.Printer` for one version; `columns` are its additionalPrinterColumns.

    A column whose path cannot be parsed ends the table before it, as upstream does.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]] | None) -> None:
        name, created = DEFAULT_PRINTER.columns
        heads = [name]
        self._cells: list[tuple[jsonpath.JSONPath, _Cell]] = []
        default: Mapping[str, Any] = {**_AGE, "description": created.description}
        for column in columns or (default,):
            path = column.get("jsonPath") or ""
            try:
                compiled = jsonpath.JSONPath("{" + path + "}")
            except jsonpath.SyntaxError:
                break
            type = column.get("type") or ""
            heads.append(Column(
                column.get("name") or "", type, column.get("format") or "",
                column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
                column.get("priority") or 0,
            ))
            self._cells.append((compiled, _CELLS.get(type, _nothing)))
        self.columns: Sequence[Column] = tuple(heads)

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]:
        row = [obj["metadata"].get("name", "")]
        allowance, room = jsonpath.Allowance(_MOST_VALUES), _MOST_TEXT
        for path, cell in self._cells:
            try:
                found = path.find(obj, allowance) if room > 0 else []
            except jsonpath.EvaluationError:
                found = []
            shown = cell(found[0][0], now) if found and found[0] else None
            if shown.__class__ is str:
                room -= len(shown)
            row.append(shown)
        return row

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return None


def _text(value: Any, now: float) -> Any:
    match value:
        case str():
            return value
        case dict() | list():
            return _json(value).translate(_HTML)
        case None:
            return _NO_VALUE
    return plain(value)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        # a number beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


#: What Go's JSON never writes as it is.
_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def _integer(value: Any, now: float) -> Any:
    if value.__class__ is float:
        whole = int(value)
        return whole if -_INT64_MIN > whole >= _INT64_MIN else _INT64_MIN
    return value if value.__class__ is int else None


def _number(value: Any, now: float) -> Any:
    if value.__class__ is float and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value if value.__class__ in (int, float) else None


def _boolean(value: Any, now: float) -> Any:
    return value if value.__class__ is bool else None


def _date(value: Any, now: float) -> Any:
    """How long ago; a missing time is "<unknown>", and what is no time is "<invalid>"."""
    if value.__class__ is not str:
        return None
    if value in ("", "null"):
        return UNKNOWN
    try:
        text = time_text(value)
    except DecodeError:
        return "<invalid>"
    return UNKNOWN if text is None else human_duration(now - meta.parse_time(text))


def _nothing(value: Any, now: float) -> Any:
    """Types that validation should have refused."""


_CELLS: Final[Mapping[str, _Cell]] = {
    "string": _text, "integer": _integer, "number": _number, "boolean": _boolean, "date": _date,
}
