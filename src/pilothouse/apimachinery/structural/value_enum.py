"""Enums of decoded JSON values, compared as Go compares them (upstream: kube-openapi validator.go,
basicCommonValidator)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.patch.goprint import plain
from pilothouse.apimachinery.structural.gojson import go_json_value, json_text
from pilothouse.apimachinery.structural.value_numbers import go_number, to_int64

#: Characters of a list of values that stand in each error's text.
_LONG: Final = 4096


class Enum:
    """The values that a schema allows: many, perhaps, and asked for by many values. What it needs to answer is made
    when it is first asked."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    @cached_property
    def texts(self) -> frozenset[str]:
        return frozenset(v for v in self._values if isinstance(v, str))

    @cached_property
    def _known(self) -> frozenset[Any]:
        return frozenset(_mark(go_number(v) if v.__class__ is int else v) for v in self._values)

    def holds(self, value: Any) -> bool:
        """`value` is not null: null is in no enum."""
        if value.__class__ is str:
            return value in self.texts
        if _mark(value) in self._known:
            return True
        if value.__class__ is int:
            # Go converts numbers to each other, and integers to texts of one character
            return (float, float(value)) in self._known or _rune(value) in self.texts
        return value.__class__ is float and (int, to_int64(value)) in self._known

    def error(self, value: Any, path: str) -> tuple[str, Error]:
        """A text that is the same where upstream's is the same, and the error."""
        text = f"{path} in body should be one of {self._listed}"
        return text, Error(field.NOT_SUPPORTED, path, go_json_value(value), self._supported)

    @cached_property
    def _listed(self) -> str:
        text = plain(list(self._values))
        return text if len(text) <= _LONG else blake2b(text.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def _supported(self) -> str:
        shown = [allowed if isinstance(allowed, str) else json_text(allowed) for allowed in self._values]
        return field.not_supported("", "", shown).detail


def _mark(value: Any) -> Any:
    """Equal for values that Go's reflect.DeepEqual takes for equal: 1, 1.0 and true all differ."""
    kind = value.__class__
    if kind is dict:
        return kind, frozenset((name, _mark(item)) for name, item in value.items())
    if kind is list:
        return kind, tuple(map(_mark, value))
    return kind, value


def _rune(value: int) -> str:
    good = 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    return chr(value) if good else "\ufffd"
