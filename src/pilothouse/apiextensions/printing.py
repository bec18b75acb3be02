"""The printer of one version of a definition, made at the first table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pilothouse.apiextensions.printercolumns import ColumnPrinter

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Definition
    from pilothouse.registry.rest import Column


class DefinedPrinter:
    """A `rest.Printer`."""

    def __init__(self, definition: Definition, version: str) -> None:
        self._definition = definition
        self._version = version

    @cached_property
    def _printer(self) -> ColumnPrinter:
        return ColumnPrinter(self._definition.version_spec(self._version).get("additionalPrinterColumns"))

    @property
    def columns(self) -> Sequence[Column]:
        return self._printer.columns

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]:
        return self._printer.cells(obj, now)

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return None
