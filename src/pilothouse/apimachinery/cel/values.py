"""What expressions compute with, beyond JSON values (cel-go common/types).

None, bool, str, list and dict stand for themselves. An int is CEL's int, `UInt` its uint, a float its double; bytes
are bytes. Errors are raised: `EvaluationError` can be absorbed by && and ||, `CostExceeded` never.
"""

import math
from datetime import UTC, datetime, timedelta
from functools import total_ordering
from typing import Any, Final

from pilothouse.apimachinery.cel import types as t

MIN_INT: Final = -(2**63)
MAX_INT: Final = 2**63 - 1
MAX_UINT: Final = 2**64 - 1
_MIN_SECONDS = -62135596800
_MAX_SECONDS = 253402300799
_GIGA = 10**9


class EvaluationError(Exception):
    """An expression has no value; the message is cel-go's."""


class TooLong(Exception):
    """An evaluation that was to be short is not."""


class CostExceeded(Exception):
    """The cost limit of a program was reached; it ends at once."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


def no_such_overload(name: str = "") -> EvaluationError:
    return EvaluationError(f"no such overload: {name}" if name else "no such overload")


class UInt(int):
    """An unsigned integer."""

    __slots__ = ()


@total_ordering
class Duration:
    """Nanoseconds within 64 bits."""

    __slots__ = ("nanoseconds",)

    def __init__(self, nanoseconds: int) -> None:
        if not MIN_INT <= nanoseconds <= MAX_INT:
            raise EvaluationError("duration overflow")
        self.nanoseconds = nanoseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and self.nanoseconds == other.nanoseconds

    def __lt__(self, other: "Duration") -> bool:
        return self.nanoseconds < other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __str__(self) -> str:
        return f"{double_text(self.nanoseconds / _GIGA)}s"


@total_ordering
class Timestamp:
    """Nanoseconds since 1970, and the offset from UTC, in seconds, in which it was written."""

    __slots__ = ("nanoseconds", "offset")

    def __init__(self, nanoseconds: int, offset: int = 0) -> None:
        if not _MIN_SECONDS <= nanoseconds // _GIGA <= _MAX_SECONDS:
            raise EvaluationError("timestamp overflow")
        self.nanoseconds = nanoseconds
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and self.nanoseconds == other.nanoseconds

    def __lt__(self, other: "Timestamp") -> bool:
        return self.nanoseconds < other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def at(self, offset: int = 0) -> datetime:
        """The wall clock at `offset` seconds from UTC, without the fraction, clamped to the years 1 to 9999."""
        seconds = min(max(self.nanoseconds // _GIGA + offset, _MIN_SECONDS), _MAX_SECONDS)
        return datetime(1970, 1, 1) + timedelta(seconds=seconds)

    def utc(self) -> datetime:
        return self.at().replace(tzinfo=UTC)

    def __str__(self) -> str:
        at = self.at(self.offset)
        text = f"{at.year:04}-{at.month:02}-{at.day:02}T{at.hour:02}:{at.minute:02}:{at.second:02}"
        fraction = self.nanoseconds % _GIGA
        if fraction:
            text += "." + f"{fraction:09}".rstrip("0")
        if not self.offset:
            return text + "Z"
        minutes = abs(self.offset) // 60
        return f"{text}{'-' if self.offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


class Optional:
    """A value that may be absent; `NONE` is the one that is."""

    __slots__ = ("_value", "present")

    def __init__(self, value: Any = None, present: bool = True) -> None:
        self._value = value
        self.present = present

    @property
    def value(self) -> Any:
        if not self.present:
            raise EvaluationError("optional.none() dereference")
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Optional) or self.present != other.present:
            return False
        return not self.present or equal(self._value, other._value)

    __hash__ = object.__hash__


NONE: Final = Optional(present=False)


class SetList(list[Any]):
    """A list with list type "set": equal whatever the order."""

    __slots__ = ()


class KeyedList(list[Any]):
    """A list with list type "map": equal whatever the order; `keys` tell its items apart."""

    __slots__ = ("keys",)

    def __init__(self, items: Any = (), keys: tuple[str, ...] = ()) -> None:
        super().__init__(items)
        self.keys = keys

    def key(self, item: Any) -> tuple[Any, ...]:
        return tuple(hashable(item.get(k)) for k in self.keys) if isinstance(item, dict) else (hashable(item),)


def hashable(value: Any) -> Any:
    """A key for sets: equal for values that CEL finds equal (but for NaN)."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, dict):
        return (dict, frozenset((k, hashable(v)) for k, v in value.items()))
    if isinstance(value, list):
        return (list, tuple(hashable(v) for v in value))
    return value


_NUMBERS = (int, float)


def equal(a: Any, b: Any) -> bool:
    """CEL's ==: numbers by value, never across other types, never an error."""
    kind = type(a)
    if kind is type(b) and kind in (str, int, bytes, bool):
        return bool(a == b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, _NUMBERS):
        return isinstance(b, _NUMBERS) and a == b
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and _lists_equal(a, b)
    if isinstance(a, dict):
        if not isinstance(b, dict) or len(a) != len(b):
            return False
        return all(k in b and equal(v, b[k]) for k, v in a.items())
    return bool(a == b) if type(a) is type(b) else False


def _lists_equal(a: list[Any], b: list[Any]) -> bool:
    kept = a if isinstance(a, SetList | KeyedList) else b
    if isinstance(kept, SetList):
        return {hashable(x) for x in a} == {hashable(x) for x in b}
    if isinstance(kept, KeyedList):
        by_key = {kept.key(x): x for x in b}
        return all((k := kept.key(x)) in by_key and equal(x, by_key[k]) for x in a)
    return all(equal(x, y) for x, y in zip(a, b, strict=True))


#: Joining lists costs next to nothing, however long they are.
_MOST_ITEMS: Final = 1_000_000


def joined(a: list[Any], b: list[Any]) -> list[Any]:
    """`a + b`; lists with a list type are merged (apiserver pkg/cel/common/valuesunstructured.go)."""
    if len(a) + len(b) > _MOST_ITEMS:
        raise EvaluationError("the result is too long")
    if isinstance(a, SetList):
        known = {hashable(x) for x in a}
        return SetList([*a, *(x for x in b if hashable(x) not in known)])
    if isinstance(a, KeyedList):
        given = {a.key(x): x for x in b}
        merged = [given.pop(a.key(x), x) for x in a]
        return KeyedList([*merged, *given.values()], a.keys)
    return [*a, *b]


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1; raises for values without an order."""
    if isinstance(a, bool) or isinstance(b, bool):
        if type(a) is not type(b):
            raise no_such_overload()
    elif isinstance(a, _NUMBERS):
        if not isinstance(b, _NUMBERS):
            raise no_such_overload()
        if a != a or b != b:
            raise EvaluationError("NaN values cannot be ordered")
    elif type(a) is not type(b) or not isinstance(a, str | bytes | Timestamp | Duration):
        raise no_such_overload()
    return -1 if a < b else 1 if a > b else 0


def size(value: Any) -> int:
    """What cost counts: characters, bytes, items, entries; one for everything else."""
    if isinstance(value, str | list | dict | bytes):
        return len(value)
    if isinstance(value, Optional) and value.present:
        return size(value.value)
    sized = getattr(value, "cost_size", None)
    return 1 if sized is None else int(sized)


_TYPES: Final[dict[type, t.Type]] = {
    bool: t.Bool, int: t.Int, UInt: t.Uint, float: t.Double, str: t.String, bytes: t.Bytes, type(None): t.Null,
    Duration: t.Duration, Timestamp: t.Timestamp, list: t.Type(t.LIST), dict: t.Type(t.MAP),
    SetList: t.Type(t.LIST), KeyedList: t.Type(t.LIST), Optional: t.opaque(t.OPTIONAL_NAME),
}


def type_of(value: Any) -> t.Type:
    """The type of a value at run time, without parameters."""
    known = _TYPES.get(type(value))
    if known is not None:
        return known
    if isinstance(value, t.Type):
        return t.TypeType
    declared = getattr(value, "cel_type", None)
    return declared if isinstance(declared, t.Type) else t.Dyn


def double_text(value: float) -> str:
    """A float without exponent, as short as it can be (Go's FormatFloat(v, 'f', -1, 64))."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def shown(value: Any) -> str:
    """A value inside a message (Go's %v): no quotes around texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        return go_g(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def go_g(value: float) -> str:
    """Go's %g: shortest digits, an exponent from 1e+21 on and below 1e-4."""
    if math.isnan(value) or math.isinf(value) or value == 0:
        return double_text(value) if value or value != value else ("-0" if math.copysign(1, value) < 0 else "0")
    if 1e-4 <= abs(value) < 1e21:
        return double_text(value)
    digits = repr(value)
    if "e" not in digits:
        digits = f"{value:e}"
        mantissa, _, exponent = digits.partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
    else:
        mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    return f"{mantissa.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power):02}"
