"""Table printers: columns as data, cells as functions (upstream: pkg/printers).

A group's folder has `columns.json` (column definitions by resource, with upstream's descriptions) and
`printers.py` with one cells function for each resource. Cells are made from storage-version objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from importlib import resources
from typing import Any

import orjson

from pilothouse.apimachinery import labels
from pilothouse.registry.rest import Column

Obj = Mapping[str, Any]
Cells = Callable[[Obj, float], list[Any]]
Conditions = Callable[[Obj], list[dict[str, Any]] | None]

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"


class TablePrinter:
    """A `rest.Printer` whose columns are read from the folder's `columns.json` at the first table."""

    def __init__(self, package: str, resource: str, cells: Cells, conditions: Conditions | None = None) -> None:
        self._package = package
        self._resource = resource
        self._conditions = conditions
        self.cells = cells

    @cached_property
    def columns(self) -> Sequence[Column]:
        text = resources.files(self._package).joinpath("columns.json").read_bytes()
        return tuple(Column(**column) for column in orjson.loads(text)[self._resource])

    def conditions(self, obj: Obj) -> list[dict[str, Any]] | None:
        return self._conditions(obj) if self._conditions else None


class DefaultPrinter:
    """Name and creation time, for kinds that have no printer (upstream: rest.NewDefaultTableConvertor)."""

    @cached_property
    def columns(self) -> Sequence[Column]:
        text = resources.files("pilothouse.registry").joinpath("default_columns.json").read_bytes()
        return tuple(Column(**column) for column in orjson.loads(text))

    def cells(self, obj: Obj, now: float) -> list[Any]:
        return [name(obj), obj["metadata"].get("creationTimestamp", "")]

    def conditions(self, obj: Obj) -> list[dict[str, Any]] | None:
        return None


DEFAULT_PRINTER = DefaultPrinter()


def name(obj: Obj) -> str:
    return obj["metadata"].get("name", "")  # type: ignore[no-any-return]


def seconds(text: str | None) -> float | None:
    """Unix seconds of an RFC3339 time, None for none."""
    return datetime.fromisoformat(text).timestamp() if text else None


def since(text: str | None, now: float) -> str:
    """How long ago, as kubectl shows ages: "5m", "3d4h"; "<unknown>" without a time."""
    then = seconds(text)
    return UNKNOWN if then is None else human_duration(now - then)


def age(obj: Obj, now: float) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def human_duration(value: float) -> str:
    """Two units at most, fewer the longer it is (upstream: util/duration HumanDuration)."""
    total = int(value)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 120:
        return f"{total}s"
    minutes = total // 60
    if minutes < 10:
        return _two(minutes, "m", total % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(major: int, major_unit: str, minor: int, minor_unit: str) -> str:
    return f"{major}{major_unit}{minor}{minor_unit}" if minor else f"{major}{major_unit}"


def containers(template_spec: Obj) -> list[str]:
    """The two cells for container names and images."""
    found = template_spec.get("containers") or ()
    return [",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)]


def label_map(found: Mapping[str, str] | None) -> str:
    return ",".join(f"{k}={v}" for k, v in sorted(found.items())) if found else NONE


def label_selector(selector: Obj | None) -> str:
    """A metav1.LabelSelector in selector syntax; "<none>" for one that matches everything or is not there."""
    if not selector:
        return NONE
    try:
        return str(labels.from_label_selector(selector)) or NONE
    except ValueError:
        return "<error>"


def shortened(found: Iterable[str], limit: int, separator: str = ",") -> str:
    """The first `limit` texts and how many more there are: "a,b,c + 2 more..."."""
    texts = list(found)
    text = separator.join(texts[:limit])
    return f"{text} + {len(texts) - limit} more..." if len(texts) > limit else text


def condition(obj: Obj, kind: str) -> Obj | None:
    for found in obj.get("status", {}).get("conditions") or ():
        if found.get("type") == kind:
            return found  # type: ignore[no-any-return]
    return None
