"""What value validation reads of a schema (upstream: apiextensions-apiserver pkg/apiserver/validation
ConvertJSONSchemaProps).

Built from the wire form when a value first needs it; formats that count for nothing are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pilothouse.apimachinery.structural.formats import Format, string_format, supported_format
from pilothouse.apimachinery.structural.patterns import PatternError, Search, compile_pattern
from pilothouse.apimachinery.structural.value_enum import Enum

_INT_OR_STRING: Final = ("integer", "string")
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")


class ValueSchema:
    """One node. Texts are "" and limits None when unset; `types` is empty where any type goes.

    `pattern_problem` says what is wrong with a pattern that does not compile. `closed` is `additionalProperties:
    false`. Lists of schemas are empty when unset.
    """

    __slots__ = (
        "__dict__", "_below", "all_of", "any_of", "closed", "enum", "exclusive_maximum", "exclusive_minimum", "format",
        "has_additional", "has_items", "is_format", "list_map_keys", "list_type", "max_items", "max_length",
        "max_properties", "maximum", "min_items", "min_length", "min_properties", "minimum", "multiple_of", "not_",
        "nullable", "one_of", "pattern", "pattern_problem", "properties", "required", "search", "type", "types",
        "unique_items",
    )

    def __init__(self, props: Mapping[str, Any]) -> None:
        self.type: str = props.get("type") or ""
        self.types: tuple[str, ...] = (self.type,) if self.type else ()
        if props.get("x-kubernetes-int-or-string"):
            self.types = _INT_OR_STRING
        self.nullable = bool(props.get("nullable"))
        self.format = supported_format(props)
        self.is_format: Format | None = string_format(self.format) if self.format else None
        self.enum = Enum(props["enum"]) if props.get("enum") else None
        self._read_limits(props)
        self._read_pattern(props.get("pattern") or "")
        self.list_type: str = props.get("x-kubernetes-list-type") or ""
        self.list_map_keys: tuple[str, ...] = tuple(props.get("x-kubernetes-list-map-keys") or ())
        self.required: tuple[str, ...] = tuple(props.get("required") or ())
        properties = props.get("properties")
        self.properties = Properties(properties) if properties else _NO_PROPERTIES
        additional, items = props.get("additionalProperties"), props.get("items")
        self.closed = additional is False
        self.has_additional = isinstance(additional, Mapping)
        self.has_items = isinstance(items, Mapping)
        self._below = (additional, items)
        self.all_of, self.any_of, self.one_of = ([ValueSchema(s) for s in props.get(name) or ()] for name in _JUNCTORS)
        self.not_ = ValueSchema(props["not"]) if props.get("not") is not None else None

    @cached_property
    def additional(self) -> ValueSchema | None:
        """The schema of map entries."""
        additional = self._below[0]
        return ValueSchema(additional) if isinstance(additional, Mapping) else None

    @cached_property
    def items(self) -> ValueSchema | None:
        items = self._below[1]
        return ValueSchema(items) if isinstance(items, Mapping) else None

    def _read_limits(self, props: Mapping[str, Any]) -> None:
        self.maximum = _float(props.get("maximum"))
        self.minimum = _float(props.get("minimum"))
        self.multiple_of = _float(props.get("multipleOf"))
        self.exclusive_maximum = bool(props.get("exclusiveMaximum"))
        self.exclusive_minimum = bool(props.get("exclusiveMinimum"))
        self.max_length: int | None = props.get("maxLength")
        self.min_length: int | None = props.get("minLength")
        self.max_items: int | None = props.get("maxItems")
        self.min_items: int | None = props.get("minItems")
        self.max_properties: int | None = props.get("maxProperties")
        self.min_properties: int | None = props.get("minProperties")
        self.unique_items = bool(props.get("uniqueItems"))

    def _read_pattern(self, pattern: str) -> None:
        self.pattern = pattern
        self.pattern_problem = ""
        self.search: Search | None = None
        if pattern:
            try:
                self.search = compile_pattern(pattern)
            except PatternError as e:
                self.pattern_problem = f"{pattern}, but pattern is invalid: {e}"


class Properties(Mapping[str, ValueSchema]):
    """Schemas by name, each built when a value first has that name: of a large schema most is never used."""

    __slots__ = ("_built", "_props")

    def __init__(self, props: Mapping[str, Any]) -> None:
        self._props = props
        self._built: dict[str, ValueSchema] = {}

    def __getitem__(self, name: str) -> ValueSchema:
        built = self._built.get(name)
        if built is None:
            built = self._built[name] = ValueSchema(self._props[name])
        return built

    def __contains__(self, name: object) -> bool:
        return name in self._props

    def __iter__(self) -> Iterator[str]:
        return iter(self._props)

    def __len__(self) -> int:
        return len(self._props)


_NO_PROPERTIES: Final = Properties({})


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
