"""Numbers in value validation, as Go's int64 and float64 behave there (upstream: kube-openapi pkg/validation/validate
values.go, validator.go; go-openapi/swag convert.go).

A decoded number is an int of 64 bits or a float; `go_number` makes a float of a larger int, as Go's decoder does.
Limits of schemas are always floats (upstream: *float64).
"""

from __future__ import annotations

import math
import struct
from typing import Final

from pilothouse.apimachinery.field import go_number as plain

MIN_INT64: Final = -(2**63)
MAX_INT64: Final = 2**63 - 1
_MAX_JSON: Final = float(2**53 - 1)
_EPSILON: Final = 1e-9

#: An error of one value: its text, and the value that is shown with it (None: "" is shown at no field).
Fault = tuple[str, "int | float | None"]


def go_number(value: float) -> float:
    if isinstance(value, int) and not MIN_INT64 <= value <= MAX_INT64:
        return float(value)
    return value


def is_json_integer(value: float) -> bool:
    """Whether a float is an integer that JavaScript could hold, or so near to one that nobody would know."""
    if not -_MAX_JSON <= value <= _MAX_JSON:
        return False
    # Go rounds halves away from zero; a half is far from an integer either way
    rounded = float(round(value))
    return value == rounded or (rounded != 0 and abs(value - rounded) < _EPSILON * abs(rounded))


def to_int64(value: float) -> int:
    """Go's int64(f) on amd64: cut off, and the least integer for what does not fit."""
    if isinstance(value, int):
        return value
    if math.isfinite(value) and MIN_INT64 <= (cut := int(value)) <= MAX_INT64:
        return cut
    return MIN_INT64


def range_fault(value: float, type: str, format: str, prefix: str, path: str) -> str:
    """Whether a number fits into the type and the format of its schema: the text of what is wrong, or ""."""
    if type == "integer":
        bits = 32 if format == "int32" else 64
        whole = isinstance(value, int) or (math.isfinite(value) and value == int(value))
        fits = whole and -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1)
    elif type == "number" and format == "float":
        fits = _fits_float32(value)
    else:
        return ""
    if fits:
        return ""
    named = f"with format {format}" if format else "(default format)"
    return f"{prefix} value must be of type {type} {named} in {path}"


def _fits_float32(value: float) -> bool:
    try:
        struct.pack("<f", value)
    except OverflowError:
        return False
    return True


def multiple_fault(path: str, value: float, factor: float, native: bool) -> Fault | None:
    """`native`: an int is compared as an int, with the factor cut off."""
    if native and isinstance(value, int):
        whole = to_int64(factor)
        if whole <= 0:
            return f"factor MultipleOf declared for {path} must be positive: {whole}", whole
        return None if value % whole == 0 else (_multiple_text(path, whole), value)
    if factor <= 0:
        return f"factor MultipleOf declared for {path} must be positive: {plain(factor)}", factor
    quotient = 1 / factor * float(value) if factor < 1 else float(value) / factor
    return None if is_json_integer(quotient) else (_multiple_text(path, factor), float(value))


def _multiple_text(path: str, factor: float) -> str:
    return f"{path} in body should be a multiple of {plain(factor)}"


def maximum_fault(path: str, value: float, limit: float, exclusive: bool, native: bool) -> Fault | None:
    value, limit = _comparable(value, limit, native)
    if value < limit or (value == limit and not exclusive):
        return None
    words = "less than" if exclusive else "less than or equal to"
    return f"{path} in body should be {words} {plain(limit)}", value


def minimum_fault(path: str, value: float, limit: float, exclusive: bool, native: bool) -> Fault | None:
    value, limit = _comparable(value, limit, native)
    if value > limit or (value == limit and not exclusive):
        return None
    words = "greater than" if exclusive else "greater than or equal to"
    return f"{path} in body should be {words} {plain(limit)}", value


def _comparable(value: float, limit: float, native: bool) -> tuple[float, float]:
    if native and isinstance(value, int):
        return value, to_int64(limit)
    return float(value), limit
