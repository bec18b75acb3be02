"""Fixed-point amounts with a unit suffix: "500m", "1536Mi", "12e6" (upstream: apimachinery pkg/api/resource).

The value is an integer times a power of ten, of any size; nothing is ever a float. A parsed quantity keeps the
text it came from where upstream does ("1.500" stays, "1024Mi" becomes "1Gi").
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache, total_ordering
from typing import Final

from pilothouse.apimachinery.numbers import whole

DECIMAL_EXPONENT: Final = "DecimalExponent"
BINARY_SI: Final = "BinarySI"
DECIMAL_SI: Final = "DecimalSI"

_MAX_INT64 = 2**63 - 1
_NANO = -9
_INT64_DIGITS = 18
#: Beyond this, powers of ten are compared by their exponents and never computed: a short text may say 1e2147483647.
_COMPUTABLE = 400
#: Numbers with more digits that count are refused (upstream takes any length, and time with it).
_MOST_DIGITS = 1000
_MOST_BITS = (10**_MOST_DIGITS - 1).bit_length()
#: A number's sign, and the zeros that its canonical form may have in place of an exponent.
_MORE_CHARACTERS = 3

_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_BY_EXPONENT = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_BINARY_BY_EXPONENT = {exponent: suffix for suffix, exponent in _BINARY_SUFFIXES.items()}
_DIGITS = frozenset("0123456789")
_SUFFIX_LETTERS = frozenset("eEinumkKMGTP")


class QuantityError(ValueError):
    """A text that is no quantity; the message is upstream's."""


NUMBER_WRONG = "unable to parse numeric part of quantity"
FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX_WRONG = "unable to parse quantity's suffix"


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """`unscaled` × 10^`exponent`. Comparison and arithmetic are exact; `format` is how it is written."""

    unscaled: int = 0
    exponent: int = 0
    format: str = DECIMAL_SI
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.text or _canonical(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and _compare(self, other) == 0

    def __lt__(self, other: "Quantity") -> bool:
        return _compare(self, other) < 0

    def __hash__(self) -> int:
        value, exponent = _without_factors(self.unscaled, 10)
        return hash((value, value and self.exponent + exponent))

    def __add__(self, other: "Quantity") -> "Quantity":
        if not other.unscaled:
            return replace(self, format=self.format if self.unscaled else other.format, text="")
        exponent = min(self.exponent, other.exponent) if self.unscaled else other.exponent
        total = _scaled(self, exponent) + _scaled(other, exponent)
        return Quantity(total, exponent, self.format if self.unscaled else other.format)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return self + -other

    def __neg__(self) -> "Quantity":
        return replace(self, unscaled=-self.unscaled, text="")

    def __mul__(self, factor: int) -> "Quantity":
        return replace(self, unscaled=self.unscaled * factor, text="")

    def __bool__(self) -> bool:
        return self.unscaled != 0

    def sign(self) -> int:
        return (self.unscaled > 0) - (self.unscaled < 0)

    def as_int(self) -> int | None:
        """The value where it was written as a whole number that fits in 64 bits, else None (AsInt64)."""
        if not 0 <= self.exponent <= _INT64_DIGITS + 1:
            return None
        value = self.unscaled * 10**self.exponent
        return value if -_MAX_INT64 - 1 <= value <= _MAX_INT64 else None

    def value(self) -> int:
        """The value, rounded away from zero to a whole number; what is astronomical comes out merely huge."""
        return _round_up(self.unscaled, self.exponent)

    def milli_value(self) -> int:
        """The value in thousandths, rounded away from zero."""
        return _round_up(self.unscaled, self.exponent + 3)


def parse(text: str) -> Quantity:
    """Raises QuantityError with upstream's message."""
    return _parse_short(text) if len(text) <= _SHORT else _parse(text)


def _parse(text: str) -> Quantity:
    if not text:
        raise QuantityError(FORMAT_WRONG)
    number, numerator, denominator, suffix = _split(text)
    if len(number) > _MOST_DIGITS and (
        len(number) > _MOST_DIGITS + _MORE_CHARACTERS or len((numerator + denominator).strip("0")) > _MOST_DIGITS
    ):
        raise QuantityError(NUMBER_WRONG)
    base, exponent, format = _interpret(suffix)
    negative = text[0] == "-"
    fast = _parse_int64(text, numerator, denominator, base, exponent, format, negative)
    return fast if fast is not None else _parse_big(number, exponent, base, format, negative)


_SHORT: Final = 64
_parse_short = lru_cache(maxsize=4096)(_parse)
"""Objects ask for the same amounts again and again."""


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The form in which kube-apiserver writes the quantity that `text` says. Raises QuantityError."""
    return str(parse(text.strip()))


def _split(text: str) -> tuple[str, str, str, str]:
    """(number with its sign, digits before the point without leading zeros, digits after it, suffix)."""
    end = len(text)
    pos = 1 if text[0] in "+-" else 0
    while pos < end and text[pos] == "0":
        pos += 1
    if pos == end:
        return "0", "0", "", ""
    start = pos
    pos = _skip(text, pos, _DIGITS)
    numerator = text[start:pos] or "0"
    denominator = ""
    if pos < end and text[pos] == ".":
        start = pos + 1
        pos = _skip(text, start, _DIGITS)
        denominator = text[start:pos]
    number, suffix = text[:pos], text[pos:]
    pos = _skip(text, pos, _SUFFIX_LETTERS)
    if pos < end and text[pos] in "+-":
        pos += 1
    if _skip(text, pos, _DIGITS) != end:
        raise QuantityError(FORMAT_WRONG)
    return number, numerator, denominator, suffix


def _skip(text: str, pos: int, accepted: frozenset[str]) -> int:
    while pos < len(text) and text[pos] in accepted:
        pos += 1
    return pos


def _interpret(suffix: str) -> tuple[int, int, str]:
    if suffix in _DECIMAL_SUFFIXES:
        return 10, _DECIMAL_SUFFIXES[suffix], DECIMAL_SI
    if suffix in _BINARY_SUFFIXES:
        return 2, _BINARY_SUFFIXES[suffix], BINARY_SI
    if len(suffix) > 1 and suffix[0] in "eE":
        try:
            exponent = whole(suffix[1:])
        except ValueError:
            raise QuantityError(SUFFIX_WRONG) from None
        if abs(exponent) <= _MAX_INT64:
            # Upstream keeps the lowest 32 bits.
            return 10, (exponent + 2**31) % 2**32 - 2**31, DECIMAL_EXPONENT
    raise QuantityError(SUFFIX_WRONG)


def _parse_int64(
    text: str, numerator: str, denominator: str, base: int, exponent: int, format: str, negative: bool
) -> Quantity | None:
    """Upstream's path for what fits in 64 bits, the one that keeps texts; None when it does not fit."""
    if base == 10:
        factor, scale = 1, exponent - len(denominator)
        precision = _INT64_DIGITS - len(numerator) - len(denominator)
    elif not denominator:
        factor, scale = 1 << exponent, 0
        precision = 15 - len(numerator) - exponent * 3 // 10 - 1
    else:
        return None
    if precision < 0 or scale < _NANO:
        return None
    shifted = numerator + denominator
    value = int(shifted)
    result = value * factor
    if result > _MAX_INT64:
        return None
    if format == BINARY_SI:
        kept = exponent % 10 == 0 and value & 7 != 0
    else:
        kept = scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
    return Quantity(-result if negative else result, scale, format, text if kept else "")


def _parse_big(number: str, exponent: int, base: int, format: str, negative: bool) -> Quantity:
    whole, _, fraction = number.lstrip("+-").partition(".")
    if not whole + fraction:
        raise QuantityError(NUMBER_WRONG)
    unscaled, scale = int(whole + fraction), -len(fraction)
    if base == 10:
        scale += exponent
    else:
        unscaled <<= exponent
    if unscaled and scale < _NANO:
        # A little of a resource is never rounded to none of it.
        unscaled, scale = _round_up(unscaled, scale - _NANO), _NANO
    if format == BINARY_SI:
        if unscaled > _MAX_INT64 * 10 ** -min(scale, 0):
            unscaled, scale = _MAX_INT64, 0
        if 0 < unscaled < 10 ** -min(scale, 0):
            format = DECIMAL_SI
    return Quantity(-unscaled if negative else unscaled, scale, format)


def _round_up(unscaled: int, exponent: int) -> int:
    """unscaled × 10^exponent as a whole number, rounded away from zero."""
    if exponent >= 0:
        return unscaled * _power(exponent)
    size = abs(unscaled)
    rounded = -(-size // 10**-exponent) if -exponent <= len(str(size)) else int(size > 0)
    return rounded if unscaled >= 0 else -rounded


def _canonical(q: Quantity) -> str:
    if not q.unscaled:
        return "0"
    if q.format == BINARY_SI and not -1024 < _approximate(q) < 1024:
        whole = _round_up(q.unscaled, q.exponent)
        if abs(whole).bit_length() < _MOST_BITS and (
            q.exponent >= 0 or whole * 10**-q.exponent == q.unscaled
        ):
            amount, times = _without_factors(whole, 1024)
            return f"{amount}{_BINARY_BY_EXPONENT.get(times * 10, '')}"
    amount, times = _without_factors(q.unscaled, 10)
    if abs(amount).bit_length() >= _MOST_BITS:
        amount, times = _shortened(amount, times)
    exponent = q.exponent + times
    amount *= 10 ** (exponent % 3)
    exponent -= exponent % 3
    if q.format == DECIMAL_EXPONENT:
        return f"{amount}e{exponent}" if exponent else str(amount)
    return f"{amount}{_DECIMAL_BY_EXPONENT.get(exponent, '')}"


def _shortened(amount: int, times: int) -> tuple[int, int]:
    """Without the last digits of a sum that has more of them than `parse` takes."""
    sign, digits = (-1, str(-amount)) if amount < 0 else (1, str(amount))
    kept, more = _without_factors(int(digits[:_MOST_DIGITS]), 10)
    return sign * kept, times + more + max(len(digits) - _MOST_DIGITS, 0)


def _approximate(q: Quantity) -> int:
    """The value cut towards minus infinity far enough from ±1024 not to matter there."""
    return _round_up(q.unscaled, q.exponent)


def _without_factors(value: int, base: int) -> tuple[int, int]:
    times = 0
    while value and value % base == 0:
        value //= base
        times += 1
    return value, times


def _scaled(q: Quantity, exponent: int) -> int:
    return q.unscaled * _power(q.exponent - exponent) if q.unscaled else 0


def _power(exponent: int) -> int:
    """10^exponent, or as much of it as can be reckoned with: more than any amount that means something."""
    return int(10 ** min(exponent, _COMPUTABLE))


def _compare(a: Quantity, b: Quantity) -> int:
    if a.exponent == b.exponent:
        return (a.unscaled > b.unscaled) - (a.unscaled < b.unscaled)
    if a.sign() != b.sign() or not a.unscaled:
        return (a.sign() > b.sign()) - (a.sign() < b.sign())
    magnitude_a = len(str(abs(a.unscaled))) + a.exponent
    magnitude_b = len(str(abs(b.unscaled))) + b.exponent
    if abs(magnitude_a - magnitude_b) > _COMPUTABLE:
        return a.sign() if magnitude_a > magnitude_b else -a.sign()
    exponent = min(a.exponent, b.exponent)
    left, right = _scaled(a, exponent), _scaled(b, exponent)
    return (left > right) - (left < right)
