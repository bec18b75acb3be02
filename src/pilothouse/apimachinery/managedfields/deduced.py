"""Values of which no schema says anything (upstream: structured-merge-diff's deduced type)."""

from typing import Any

from pilothouse.apimachinery.managedfields.fieldset import FieldSet
from pilothouse.apimachinery.managedfields.shapes import ALL
from pilothouse.apimachinery.managedfields.typed import Difference, Mapping


class Deduced(Mapping):
    """A value without a schema: maps are granular, lists and scalars are leaves (SMD's deduced type)."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.scalar = "untyped"
        self.values = self
        self.schemaless = True
        self.loose = ALL

    def owned(self, value: Any) -> FieldSet:
        return super().owned(value) if isinstance(value, dict) else {}

    def fields(self, value: Any) -> FieldSet | None:
        if isinstance(value, dict):
            return super().fields(value)
        return None if value is None else {}

    def created(self, value: Any) -> FieldSet | None:
        return super().created(value) if isinstance(value, dict) or value is None else {}

    def fits(self, value: Any) -> bool:
        return super().fits(value) if isinstance(value, dict) else True

    def diff(self, old: Any, new: Any) -> Difference:
        old_is_map, new_is_map = isinstance(old, dict), isinstance(new, dict)
        if (old_is_map or old is None) and (new_is_map or new is None):
            return super().diff(old, new)
        return super().owned(new) if new_is_map else {}, self._below(old) if old_is_map else None

    def _below(self, value: dict[str, Any]) -> FieldSet | None:
        node = super().owned(value)
        return {element: below for element, below in node.items() if element != "."} or None

    def merge(self, old: Any, new: Any) -> Any:
        if isinstance(old, dict) and (isinstance(new, dict) or new is None):
            return super().merge(old, new)
        return new

    def remove(self, value: Any, fields: FieldSet) -> Any:
        if isinstance(value, list):
            return None
        return super().remove(value, fields) if isinstance(value, dict) else value

    def extract(self, value: Any, fields: FieldSet) -> Any:
        return super().extract(value, fields) if isinstance(value, dict) else value
