"""Enums of decoded JSON values, compared as Go compares them (upstream: kube-openapi validator.go,
basicCommonValidator)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.patch.goprint import plain
from pilothouse.apimachinery.structural.correlation import deep_equal
from pilothouse.apimachinery.structural.gojson import go_json_value, json_text
from pilothouse.apimachinery.structural.value_numbers import go_number, to_int64


def enum_error(values: Sequence[Any], value: Any, path: str) -> tuple[str, Error] | None:
    """Upstream's text for a value that is not one of `values`, and the error; None for one that is."""
    if value is not None and any(_equal(value, allowed) for allowed in values):
        return None
    text = f"{path} in body should be one of {plain(list(values))}"
    shown = [allowed if isinstance(allowed, str) else json_text(allowed) for allowed in values]
    return text, field.not_supported(path, go_json_value(value), shown)


def _equal(value: Any, allowed: Any) -> bool:
    if allowed.__class__ is int:
        allowed = go_number(allowed)
    if value.__class__ is allowed.__class__:
        return deep_equal(value, allowed)
    if value.__class__ is int:
        # Go converts numbers to each other, and integers to texts of one character
        if allowed.__class__ is float:
            return bool(float(value) == allowed)
        return bool(allowed == _rune(value))
    if value.__class__ is float and allowed.__class__ is int:
        return bool(to_int64(value) == allowed)
    return False


def _rune(value: int) -> str:
    good = 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    return chr(value) if good else "\ufffd"
