"""Field paths and validation errors (upstream: k8s.io/apimachinery pkg/util/validation/field).

A path is a plain string built with the helpers below ("spec.containers[0].name"); building it costs
only where an error is found. An `Error` renders as kube-apiserver writes it on the wire.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson


class _Omitted:
    """The bad value is not to be shown (upstream: field.OmitValueType)."""


OMIT_VALUE: Final = _Omitted()

REQUIRED = "FieldValueRequired"
INVALID = "FieldValueInvalid"
DUPLICATE = "FieldValueDuplicate"
NOT_FOUND = "FieldValueNotFound"
NOT_SUPPORTED = "FieldValueNotSupported"
FORBIDDEN = "FieldValueForbidden"
TOO_LONG = "FieldValueTooLong"
TOO_MANY = "FieldValueTooMany"
TYPE_INVALID = "FieldValueTypeInvalid"
INTERNAL = "InternalError"

_TITLES = {
    REQUIRED: "Required value",
    INVALID: "Invalid value",
    DUPLICATE: "Duplicate value",
    NOT_FOUND: "Not found",
    NOT_SUPPORTED: "Unsupported value",
    FORBIDDEN: "Forbidden",
    TOO_LONG: "Too long",
    TOO_MANY: "Too many",
    TYPE_INVALID: "Invalid value",
    INTERNAL: "Internal error",
}
_WITHOUT_VALUE = {REQUIRED, FORBIDDEN, TOO_LONG, INTERNAL}


#: A path that is longer says no more. It would be copied for each value below it.
LONGEST_PATH = 4096
#: No more causes than these are looked for where a client decides how many there are.
MOST_ERRORS = 1000


def child(path: str, *names: str) -> str:
    """`child("spec", "a", "b")` is "spec.a.b"; an empty path adds no dot."""
    if len(path) >= LONGEST_PATH:
        return path
    return bounded(".".join((path, *names)) if path else ".".join(names))


def index(path: str, i: int) -> str:
    return path if len(path) >= LONGEST_PATH else f"{path}[{i}]"


def key(path: str, k: str) -> str:
    return path if len(path) >= LONGEST_PATH else bounded(f"{path}[{k}]")


def bounded(path: str) -> str:
    """`path`, or as much of it as a path may have."""
    return path if len(path) <= LONGEST_PATH else path[:LONGEST_PATH]


@dataclass(frozen=True, slots=True)
class Error:
    """One cause. `reason` is one of this module's constants."""

    reason: str
    field: str
    value: Any = OMIT_VALUE
    detail: str = ""

    def body(self) -> str:
        """The text without the field path: 'Invalid value: "x": must be …'."""
        title = _TITLES[self.reason]
        if self.reason in _WITHOUT_VALUE or self.value is OMIT_VALUE:
            text = title
        else:
            text = f"{title}: {_render(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"


@dataclass(frozen=True, slots=True)
class AsJson:
    """A text that Go holds by a pointer, and therefore shows as JSON: "\\u0007", not "\\a"."""

    text: str


def _render(value: Any) -> str:
    match value:
        case AsJson():
            return _json(value.text).translate(GO_HTML)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quote(value)
        case int() | float():
            return go_number(value)
    return _json(value).translate(GO_HTML)


#: From which exponent on %g writes one (upstream: Go's strconv, formatDigits).
_SHORTEST_PRECISION = 6


def go_number(value: float) -> str:
    """%v of a number: integers as they are, floats as Go's %g with the shortest digits: 1e+06, 0.0001, 1e-05."""
    if isinstance(value, int):
        return str(value)
    sign, digits, point = Decimal(repr(value)).normalize().as_tuple()
    exponent = len(digits) + int(point) - 1
    if -5 < exponent < _SHORTEST_PRECISION:
        return str(int(value)) if value.is_integer() else repr(value)
    first, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' * sign}{first}{'.' * bool(rest)}{rest}e{exponent:+03d}"


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # a number beyond 64 bits, in data that is kept as it came
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


#: What Go's JSON never writes as it is.
GO_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def _quote(text: str) -> str:
    """Go's %q for the texts that occur in field values."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{text.translate(_QUOTED)}"'


class _Quoted(dict[int, str]):
    """Characters as they stand in a quoted text, each worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        quoted = _quoted(chr(code))
        if len(self) < _MOST_CHARACTERS:
            self[code] = quoted
        return quoted


def _quoted(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    if c.isprintable():
        return c
    if c < "\x80":
        return f"\\x{ord(c):02x}"
    if "\udc80" <= c <= "\udcff":
        # a byte that is no UTF-8 (surrogateescape)
        return f"\\x{ord(c) - 0xDC00:02x}"
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


_MOST_CHARACTERS: Final = 1 << 16
_QUOTED: Final = _Quoted()
_ESCAPES: Final = {
    "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v", '"': '\\"', "\\": "\\\\",
}

go_quote = _quote


def required(field: str, detail: str = "") -> Error:
    return Error(REQUIRED, field, "", detail)


def invalid(field: str, value: Any, detail: str) -> Error:
    return Error(INVALID, field, value, detail)


def duplicate(field: str, value: Any) -> Error:
    return Error(DUPLICATE, field, value)


def not_found(field: str, value: Any) -> Error:
    return Error(NOT_FOUND, field, value)


def forbidden(field: str, detail: str) -> Error:
    return Error(FORBIDDEN, field, "", detail)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Error:
    """Upstream sorts nothing here: pass the values in upstream's order."""
    values = ", ".join(_quote(s) for s in supported)
    return Error(NOT_SUPPORTED, field, value, f"supported values: {values}" if values else "")


def too_long(field: str, limit: int) -> Error:
    detail = f"may not be more than {limit} byte{'' if limit == 1 else 's'}" if limit >= 0 else "value is too long"
    return Error(TOO_LONG, field, OMIT_VALUE, detail)


def too_many(field: str, actual: int, limit: int) -> Error:
    detail = f"must have at most {limit} item{'' if limit == 1 else 's'}" if limit >= 0 else "has too many items"
    return Error(TOO_MANY, field, actual if actual >= 0 else OMIT_VALUE, detail)


def type_invalid(field: str, value: Any, detail: str) -> Error:
    return Error(TYPE_INVALID, field, value, detail)


def internal(field: str, detail: str) -> Error:
    return Error(INTERNAL, field, OMIT_VALUE, detail)
