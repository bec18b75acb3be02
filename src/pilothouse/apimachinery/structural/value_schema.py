"""What value validation reads of a schema (upstream: apiextensions-apiserver pkg/apiserver/validation
ConvertJSONSchemaProps).

Built from the wire form once; formats that count for nothing are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apimachinery.structural.formats import Format, string_format, supported_format
from pilothouse.apimachinery.structural.patterns import PatternError, Search, compile_pattern

_INT_OR_STRING: Final = ("integer", "string")
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")


class ValueSchema:
    """One node. Texts are "" and limits None when unset; `types` is empty where any type goes.

    `pattern_problem` says what is wrong with a pattern that does not compile. `closed` is `additionalProperties:
    false`. Lists of schemas are empty when unset.
    """

    __slots__ = (
        "additional", "all_of", "any_of", "closed", "enum", "exclusive_maximum", "exclusive_minimum", "format",
        "is_format", "items", "list_map_keys", "list_type", "max_items", "max_length", "max_properties", "maximum",
        "min_items", "min_length", "min_properties", "minimum", "multiple_of", "not_", "nullable", "one_of", "pattern",
        "pattern_problem", "properties", "required", "search", "type", "types", "unique_items",
    )

    def __init__(self, props: Mapping[str, Any]) -> None:
        self.type: str = props.get("type") or ""
        self.types: tuple[str, ...] = (self.type,) if self.type else ()
        if props.get("x-kubernetes-int-or-string"):
            self.types = _INT_OR_STRING
        self.nullable = bool(props.get("nullable"))
        self.format = supported_format(props)
        self.is_format: Format | None = string_format(self.format) if self.format else None
        self.enum: tuple[Any, ...] = tuple(props.get("enum") or ())
        self._read_limits(props)
        self._read_pattern(props.get("pattern") or "")
        self.list_type: str = props.get("x-kubernetes-list-type") or ""
        self.list_map_keys: tuple[str, ...] = tuple(props.get("x-kubernetes-list-map-keys") or ())
        self.required: tuple[str, ...] = tuple(props.get("required") or ())
        self.properties: dict[str, ValueSchema] = {}
        # in upstream's map there is no order; here errors come in that of the names
        for name in sorted(props.get("properties") or ()):
            self.properties[name] = ValueSchema(props["properties"][name])
        additional, items = props.get("additionalProperties"), props.get("items")
        self.closed = additional is False
        self.additional = ValueSchema(additional) if isinstance(additional, Mapping) else None
        self.items = ValueSchema(items) if isinstance(items, Mapping) else None
        self.all_of, self.any_of, self.one_of = ([ValueSchema(s) for s in props.get(name) or ()] for name in _JUNCTORS)
        self.not_ = ValueSchema(props["not"]) if props.get("not") is not None else None

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


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
