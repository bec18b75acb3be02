"""`'%s is %d'.format([a, b])`: at run time, and the check of constant formats (cel-go ext/formatting.go)."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from pilothouse.apimachinery.cel import arithmetic
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import Call, ListNode, Literal, MapNode, Node
from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import Duration, EvaluationError, Timestamp, UInt, double_text, type_of
from pilothouse.apimachinery.field import go_quote

_DIRECTIVE: Final = re.compile(r"%(?:(%)|(?:\.(\d*))?(.)?)", re.DOTALL | re.ASCII)
_SPECIAL = frozenset(("NaN", "Infinity", "-Infinity"))
_PRECISION = 6
_MOST_PRECISION = 1000
_FAILURES: Final = {
    "s": "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
    "timestamps, was given {}",
    "d": "decimal clause can only be used on integers, was given {}",
    "f": "fixed-point clause can only be used on doubles, was given {}",
    "e": "scientific clause can only be used on doubles, was given {}",
    "b": "only integers and bools can be formatted as binary, was given {}",
    "x": "only integers, byte buffers, and strings can be formatted as hex, was given {}",
    "X": "only integers, byte buffers, and strings can be formatted as hex, was given {}",
    "o": "octal clause can only be used on integers, was given {}",
}


class FormatError(EvaluationError):
    """A value that its directive cannot show; `node` is where, for constant formats."""

    def __init__(self, message: str, node: Node | None = None) -> None:
        super().__init__(message)
        self.node = node


def _unsupported(letter: str, given: Type, node: Node | None = None) -> FormatError:
    return FormatError(f"error during formatting: {_FAILURES[letter].format(given.name)}", node)


def _parts(
    text: str, count: int, show: Callable[[int, str, int | None], str], constant: bool = False
) -> Iterator[str]:
    """The pieces of the result; `show(index, letter, precision)` shows an argument. Of a `constant` format, upstream
    looks at its end before it looks for the argument."""
    at = used = 0
    for match in _DIRECTIVE.finditer(text):
        yield text[at : match.start()]
        at = match.end()
        if match[1]:
            yield "%"
            continue
        if used >= count and not (constant and match.end() == match.start() + 1):
            raise EvaluationError(f"index {used} out of range")
        letter, precision = match[3], match[2]
        if letter is None:
            raise EvaluationError(
                "unexpected end of string" if precision is None else "could not parse formatting clause: error while "
                "parsing precision: could not find end of precision specifier"
            )
        if precision == "":
            raise EvaluationError(
                "could not parse formatting clause: error while parsing precision: error while converting precision "
                'to integer: strconv.Atoi: parsing "": invalid syntax'
            )
        if letter not in _FAILURES:
            raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{letter}"')
        yield show(used, letter, None if precision is None else min(int(precision[:9]), _MOST_PRECISION))
        used += 1
    yield text[at:]


def format_text(text: str, values: list[Any]) -> str:
    return "".join(_parts(text, len(values), lambda i, letter, precision: _show(values[i], letter, precision)))


def _show(value: Any, letter: str, precision: int | None) -> str:
    integer = isinstance(value, int) and not isinstance(value, bool)
    if letter == "s":
        return _string(value)
    if letter == "d" and integer:
        return str(int(value))
    if letter in "fe" and (isinstance(value, float) or (isinstance(value, str) and value in _SPECIAL)):
        return _float(float(value), letter, _PRECISION if precision is None else precision)
    if letter == "b" and isinstance(value, int):
        return f"{int(value):b}"
    if letter == "o" and integer:
        return f"{int(value):o}"
    if letter in "xX":
        if integer:
            return f"{int(value):{letter}}"
        if isinstance(value, str | bytes):
            digits = (value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value).hex()
            return digits.upper() if letter == "X" else digits
    raise _unsupported(letter, type_of(value))


def _float(value: float, letter: str, precision: int) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    if letter == "f":
        return f"{value:,.{precision}f}"
    mantissa, _, exponent = f"{value:.{precision}e}".partition("e")
    superscript = str(abs(int(exponent))).rjust(2, "0").translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}×10{'⁻' if int(exponent) < 0 else ''}{superscript}"


def _string(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_quoted(v, _element(v)) for v in value)}]"
    if isinstance(value, dict):
        pairs = sorted((_quoted(k, _key(k)), v) for k, v in value.items())
        return "{" + ", ".join(f"{k}:{_quoted(v, _element(v))}" for k, v in pairs) + "}"
    if value is None:
        return "null"
    if isinstance(value, Type):
        return value.name
    try:
        return arithmetic.to_string(value)
    except EvaluationError:
        raise _unsupported("s", type_of(value)) from None


def _element(value: Any) -> str:
    if isinstance(value, Timestamp | Duration):
        return f'{"timestamp" if isinstance(value, Timestamp) else "duration"}("{value}")'
    if isinstance(value, float):
        return f"{value:.6f}" if abs(value) < float("inf") else double_text(value)
    if not isinstance(value, bool) and isinstance(value, int):
        return str(int(value))
    return _string(value)


def _key(value: Any) -> str:
    if isinstance(value, str | int | UInt):
        return _string(value)
    raise EvaluationError(
        f"error during formatting: no formatting function for map key of type {type_of(value).name}"
    )


def _quoted(value: Any, text: str) -> str:
    if isinstance(value, str):
        return go_quote(text)
    if isinstance(value, float) and not math.isfinite(value):
        return go_quote(text)
    return f"b{go_quote(text)}" if isinstance(value, bytes) else text


# Constant formats

_NUMERIC = frozenset((t.INT, t.UINT))
_ACCEPTED: Final = {
    "d": _NUMERIC, "f": frozenset((t.DOUBLE, t.STRING)), "e": frozenset((t.DOUBLE, t.STRING)),
    "b": _NUMERIC | {t.BOOL}, "x": _NUMERIC | {t.STRING, t.BYTES}, "X": _NUMERIC | {t.STRING, t.BYTES}, "o": _NUMERIC,
    "s": _NUMERIC | {
        t.LIST, t.MAP, t.DOUBLE, t.BOOL, t.STRING, t.TIMESTAMP, t.BYTES, t.DURATION, t.TYPE, t.NULL
    },
}


def check_format(call: Call) -> tuple[Node, str] | None:
    """(where, what) is wrong with a call of `format` on a constant with a list of arguments, or None."""
    if not isinstance(call.target, Literal) or not isinstance(call.target.value, str):
        return None
    if len(call.args) != 1 or not isinstance(call.args[0], ListNode):
        return None
    args = call.args[0].elements
    used = 0

    def accept(i: int, letter: str, precision: int | None) -> str:
        nonlocal used
        used = i + 1
        _accept(args[i], letter)
        return ""

    try:
        list(_parts(call.target.value, len(args), accept, constant=True))
    except FormatError as err:
        return err.node or call, str(err)
    except EvaluationError as err:
        return call, str(err)
    if len(args) > used:
        return call, f"too many arguments supplied to string.format (expected {used}, got {len(args)})"
    return None


def _accept(node: Node, letter: str) -> None:
    if node.type.kind != t.DYN and node.type.kind not in _ACCEPTED[letter]:
        raise _unsupported(letter, node.type, node)
    if letter != "s":
        return
    if isinstance(node, ListNode):
        for element in node.elements:
            _accept(element, letter)
    elif isinstance(node, MapNode):
        for entry in node.entries:
            _accept(entry.key, letter)
            _accept(entry.value, letter)
