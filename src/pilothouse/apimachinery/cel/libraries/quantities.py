"""Quantities and semantic versions (apiserver pkg/cel/library/quantity.go, semverlib.go; blang/semver)."""

import re
from functools import total_ordering
from typing import Any, Final

from pilothouse.apimachinery import quantity
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.values import MAX_UINT, EvaluationError
from pilothouse.apimachinery.field import go_quote

QUANTITY_TYPE: Final = t.StructType("kubernetes.Quantity", {})
SEMVER_TYPE: Final = t.StructType("kubernetes.Semver", {})
_IDENTIFIER = re.compile(r"[0-9A-Za-z-]+", re.ASCII)
_MOST_EXPONENT = 400


class Quantity:
    """An amount."""

    __slots__ = ("amount",)
    cel_type = QUANTITY_TYPE
    unit_equality = True

    def __init__(self, amount: quantity.Quantity) -> None:
        self.amount = amount

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.amount == other.amount

    def __hash__(self) -> int:
        return hash(self.amount)

    def approximate(self) -> float:
        exponent = max(min(self.amount.exponent, _MOST_EXPONENT), -_MOST_EXPONENT)
        try:
            return float(self.amount.unscaled) * 10.0**exponent if exponent else float(self.amount.unscaled)
        except OverflowError:
            return float("inf") if self.amount.unscaled > 0 else float("-inf")


def to_quantity(text: str) -> Quantity:
    try:
        return Quantity(quantity.parse(text))
    except quantity.QuantityError as err:
        raise EvaluationError(str(err)) from None


def _is_quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except quantity.QuantityError:
        return False
    return True


def _integer(amount: Quantity) -> int:
    value = amount.amount.as_int()
    if value is None:
        raise EvaluationError("cannot convert value to integer")
    return value


def _plus(amount: Quantity, other: Any, sign: int) -> Quantity:
    added = quantity.Quantity(other) if isinstance(other, int) else other.amount
    return Quantity(amount.amount + (added if sign > 0 else -added))


def _compare(a: Any, b: Any) -> int:
    return -1 if a < b else 1 if b < a else 0


@total_ordering
class Semver:
    """A semantic version; build metadata does not count when versions are compared."""

    __slots__ = ("key", "major", "minor", "patch")
    cel_type = SEMVER_TYPE
    unit_equality = True

    def __init__(self, major: int, minor: int, patch: int, prerelease: list[str]) -> None:
        self.major, self.minor, self.patch = major, minor, patch
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in prerelease)
        self.key = (major, minor, patch, not parts, parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.key == other.key

    def __lt__(self, other: "Semver") -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)


def parse_semver(text: str, normalize: bool = False) -> Semver:
    if normalize:
        text = _normalized(text)
    if not text:
        raise EvaluationError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise EvaluationError("No Major.Minor.Patch elements found")
    major, minor = _number("major", "Major", parts[0]), _number("minor", "Minor", parts[1])
    rest, plus, build = parts[2].partition("+")
    patch_text, dash, prerelease = rest.partition("-")
    patch = _number("patch", "Patch", patch_text)
    released = prerelease.split(".") if dash else []
    for part in released:
        _prerelease(part)
    for part in build.split(".") if plus else []:
        if not part:
            raise EvaluationError("Build meta data is empty")
        if not _IDENTIFIER.fullmatch(part):
            raise EvaluationError(f"Invalid character(s) found in build meta data {go_quote(part)}")
    return Semver(major, minor, patch, released)


def _number(name: str, title: str, text: str) -> int:
    if not (text.isascii() and (text.isdigit() or not text)):
        raise EvaluationError(f"Invalid character(s) found in {name} number {go_quote(text)}")
    if len(text) > 1 and text[0] == "0":
        raise EvaluationError(f"{title} number must not contain leading zeroes {go_quote(text)}")
    if not text:
        raise EvaluationError('strconv.ParseUint: parsing "": invalid syntax')
    if len(text) > 20 or int(text) > MAX_UINT:
        raise EvaluationError(f"strconv.ParseUint: parsing {go_quote(text)}: value out of range")
    return int(text)


def _prerelease(part: str) -> None:
    if not part:
        raise EvaluationError("Prerelease is empty")
    if part.isascii() and part.isdigit():
        if len(part) > 1 and part[0] == "0":
            raise EvaluationError(
                f"Numeric PreRelease version must not contain leading zeroes {go_quote(part)}"
            )
        if len(part) > 20 or int(part) > MAX_UINT:
            raise EvaluationError(f"strconv.ParseUint: parsing {go_quote(part)}: value out of range")
    elif not _IDENTIFIER.fullmatch(part):
        raise EvaluationError(f"Invalid character(s) found in prerelease {go_quote(part)}")


def _normalized(text: str) -> str:
    """`v1.01` becomes `1.1.0`."""
    parts = text.removeprefix("v").split(".", 2)
    for i, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[i] = stripped if stripped[:1].isdigit() else "0" + stripped
    if len(parts) < 3:
        if any(c in parts[-1] for c in "+-"):
            raise EvaluationError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        parse_semver(text, normalize)
    except EvaluationError:
        return False
    return True


def quantities() -> Library:
    made = Library({"kubernetes.Quantity": QUANTITY_TYPE, "Q": QUANTITY_TYPE})
    made.add("quantity", {"string_to_quantity": ("(string) Q", to_quantity)})
    made.add("isQuantity", {"is_quantity_string": ("(string) bool", _is_quantity)})
    made.add("sign", {"quantity_sign": ("(Q) int", lambda q: q.amount.sign())})
    made.add("isGreaterThan", {"quantity_is_greater_than": ("Q.(Q) bool", lambda a, b: a.amount > b.amount)})
    made.add("isLessThan", {"quantity_is_less_than": ("Q.(Q) bool", lambda a, b: a.amount < b.amount)})
    made.add("compareTo", {"quantity_compare_to": ("Q.(Q) int", lambda a, b: _compare(a.amount, b.amount))})
    made.add("asApproximateFloat", {"quantity_get_float": ("Q.() double", Quantity.approximate)})
    made.add("asInteger", {"quantity_get_int": ("Q.() int", _integer)})
    made.add("isInteger", {"quantity_is_integer": ("Q.() bool", lambda q: q.amount.as_int() is not None)})
    for name, sign in (("add", 1), ("sub", -1)):
        made.add(name, {
            f"quantity_{name}": ("Q.(Q) Q", lambda a, b, sign=sign: _plus(a, b, sign)),
            f"quantity_{name}_int": ("Q.(int) Q", lambda a, b, sign=sign: _plus(a, b, sign)),
        })
    made.types = {}
    return made


def semvers() -> Library:
    made = Library({"V": SEMVER_TYPE})
    made.add("semver", {
        "string_to_semver": ("(string) V", parse_semver), "string_bool_to_semver": ("(string, bool) V", parse_semver),
    })
    made.add("isSemver", {
        "is_semver_string": ("(string) bool", _is_semver),
        "is_semver_string_bool": ("(string, bool) bool", _is_semver),
    })
    made.add("isGreaterThan", {"semver_is_greater_than": ("V.(V) bool", lambda a, b: a > b)})
    made.add("isLessThan", {"semver_is_less_than": ("V.(V) bool", lambda a, b: a < b)})
    made.add("compareTo", {"semver_compare_to": ("V.(V) int", _compare)})
    for name in ("major", "minor", "patch"):
        made.add(name, {f"semver_{name}": ("V.() int", lambda v, name=name: getattr(v, name))})
    made.types = {}
    return made
