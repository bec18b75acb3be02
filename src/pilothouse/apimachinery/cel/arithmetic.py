"""Operators and conversions on values, with cel-go's bounds and error texts (cel-go common/types/*.go)."""

import math
import re
from collections.abc import Callable
from typing import Any

from pilothouse.apimachinery.cel import times
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.values import (
    MAX_INT,
    MAX_UINT,
    MIN_INT,
    Duration,
    EvaluationError,
    Timestamp,
    UInt,
    go_g,
    joined,
    no_such_overload,
    type_of,
)

_NUMBER = re.compile(
    r"[+-]?(?:(?:\d(?:_?\d)*)?\.?(?:\d(?:_?\d)*)?(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_MOST_DIGITS = 400


def _int(value: int) -> int:
    if MIN_INT <= value <= MAX_INT:
        return value
    raise EvaluationError("integer overflow")


def _uint(value: int) -> UInt:
    if 0 <= value <= MAX_UINT:
        return UInt(value)
    raise EvaluationError("unsigned integer overflow")


def add_int(a: int, b: int) -> int:
    return _int(a + b)


def subtract_int(a: int, b: int) -> int:
    return _int(a - b)


def multiply_int(a: int, b: int) -> int:
    return _int(a * b)


def divide_int(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("division by zero")
    return _int(abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))


def modulo_int(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("modulus by zero")
    if a == MIN_INT and b == -1:
        raise EvaluationError("integer overflow")
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


def negate_int(a: int) -> int:
    return _int(-a)


def divide_double(a: float, b: float) -> float:
    if b:
        return a / b
    if not a or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _multiply_double(a: float, b: float) -> float:
    return a * b


def _pair(a: Any, b: Any) -> type:
    """The common kind of two operands: int, UInt, float, or the class that both have."""
    kind = type(a)
    if kind is not type(b):
        if isinstance(a, list) and isinstance(b, list):
            return list
        raise no_such_overload()
    return list if issubclass(kind, list) else kind


def add(a: Any, b: Any) -> Any:
    if isinstance(a, Timestamp | Duration) and isinstance(b, Timestamp | Duration):
        return times.add(a, b)
    kind = _pair(a, b)
    if kind is int:
        return _int(a + b)
    if kind is UInt:
        return _uint(int(a) + int(b))
    if kind is list:
        return joined(a, b)
    if kind in (str, float, bytes):
        return a + b
    raise no_such_overload()


def subtract(a: Any, b: Any) -> Any:
    if isinstance(a, Timestamp | Duration) and isinstance(b, Timestamp | Duration):
        return times.subtract(a, b)
    kind = _pair(a, b)
    if kind is int:
        return _int(a - b)
    if kind is UInt:
        return _uint(int(a) - int(b))
    if kind is float:
        return a - b
    raise no_such_overload()


def _operator(integer: Callable[[int, int], int], double: Callable[[float, float], float] | None) -> Any:
    def apply(a: Any, b: Any) -> Any:
        kind = _pair(a, b)
        if kind is int:
            return integer(a, b)
        if kind is UInt:
            return _uint(integer(int(a), int(b)) if b else integer(0, 0)) if integer is not multiply_int \
                else _uint(int(a) * int(b))
        if kind is float and double is not None:
            return double(a, b)
        raise no_such_overload()

    return apply


multiply = _operator(multiply_int, _multiply_double)
divide = _operator(divide_int, divide_double)
modulo = _operator(modulo_int, None)


def negate(a: Any) -> Any:
    if type(a) is int:
        return _int(-a)
    if isinstance(a, float):
        return -a
    if isinstance(a, Duration):
        return Duration(-a.nanoseconds)
    raise no_such_overload()


# Conversions


def _unconvertible(value: Any, to: str) -> EvaluationError:
    return EvaluationError(f"type conversion error from '{type_of(value).name}' to '{to}'")


def to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (value in _TRUE or value in _FALSE):
        return value in _TRUE
    raise _unconvertible(value, "bool")


def to_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return value
    raise _unconvertible(value, "bytes")


def to_double(value: Any) -> float:
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) and any(c.isalnum() for c in value) and "_" not in value:
            number = float(value)
            if not math.isinf(number) or value.lstrip("+-").lower().startswith("inf"):
                return number
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _unconvertible(value, "double")


def to_int(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, UInt):
        return _int(int(value))
    if isinstance(value, float):
        if not -(2.0**63) < value < 2.0**63:  # cel-go refuses both ends
            raise EvaluationError("integer overflow")
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value) and len(value) <= _MOST_DIGITS:
        number = int(value)
        if MIN_INT <= number <= MAX_INT:
            return number
    elif isinstance(value, Timestamp):
        return value.nanoseconds // 10**9
    elif isinstance(value, Duration):
        return value.nanoseconds
    raise _unconvertible(value, "int")


def to_uint(value: Any) -> UInt:
    if isinstance(value, UInt):
        return value
    if type(value) is int:
        return _uint(value)
    if isinstance(value, float):
        if not 0 <= value < 2.0**64:
            raise EvaluationError("unsigned integer overflow")
        return UInt(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        number = int(value)
        if number <= MAX_UINT:
            return UInt(number)
    raise _unconvertible(value, "uint")


def to_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_g(value)
    if isinstance(value, int | Timestamp | Duration):
        return int.__repr__(value) if isinstance(value, int) else str(value)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None
    raise _unconvertible(value, "string")


def to_timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if type(value) is int:
        return Timestamp(value * 10**9)
    if isinstance(value, str):
        parsed = times.parse_timestamp(value)
        if parsed is not None:
            return parsed
    raise _unconvertible(value, t.TIMESTAMP)


def to_duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if type(value) is int:
        return Duration(value)
    if isinstance(value, str):
        parsed = times.parse_duration(value)
        if parsed is not None:
            return parsed
    raise _unconvertible(value, t.DURATION)


def size(value: Any) -> int:
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise no_such_overload("size")


