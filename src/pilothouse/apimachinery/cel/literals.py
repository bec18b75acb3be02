"""Values of literals: numbers with their bounds, strings with their escapes (cel-go parser/unescape.go)."""

from typing import Any

from pilothouse.apimachinery.cel.tokens import NUM_FLOAT, NUM_INT, NUM_UINT, STRING, Token
from pilothouse.apimachinery.cel.values import MAX_INT, MAX_UINT, MIN_INT, UInt

_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}
_HEX = {"x": 2, "X": 2, "u": 4, "U": 8}


class LiteralError(ValueError):
    """A literal that has no value; the message is cel-go's."""


def integer(text: str, sign: str = "") -> int:
    base, digits = (16, text[2:]) if text.startswith("0x") else (10, text)
    value = _digits(digits, base, "invalid int literal")
    value = -value if sign else value
    if not MIN_INT <= value <= MAX_INT:
        raise LiteralError("invalid int literal")
    return value


def unsigned(text: str) -> UInt:
    text = text[:-1]
    base, digits = (16, text[2:]) if text.startswith("0x") else (10, text)
    value = _digits(digits, base, "invalid uint literal")
    if value > MAX_UINT:
        raise LiteralError("invalid uint literal")
    return UInt(value)


def _digits(digits: str, base: int, message: str) -> int:
    significant = digits.lstrip("0")
    if len(significant) > 20:
        raise LiteralError(message)
    return int(significant or "0", base)


def double(text: str, sign: str = "") -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise LiteralError("invalid double literal")
    return -value if sign else value


def string(token: str) -> str:
    body, raw = _body(token)
    return body if raw or "\\" not in body else "".join(chr(code) for code, _ in _unescape(body, False))


def bytes_(token: str) -> bytes:
    body, raw = _body(token[1:])
    if raw or "\\" not in body:
        return body.encode("utf-8", "surrogatepass")
    return b"".join(
        chr(code).encode("utf-8", "surrogatepass") if text else bytes((code,)) for code, text in _unescape(body, True)
    )


def _body(token: str) -> tuple[str, bool]:
    token = token.replace("\r\n", "\n").replace("\r", "\n")
    raw = token[0] in "rR"
    token = token[1:] if raw else token
    quotes = 3 if len(token) >= 6 and token[:3] in ('"""', "'''") else 1
    return token[quotes:-quotes], raw


def _unescape(body: str, for_bytes: bool) -> list[tuple[int, bool]]:
    """(code, whether it stands for a character and not for a byte) of everything in a string that has escapes."""
    out: list[tuple[int, bool]] = []
    at = 0
    while at < len(body):
        char = body[at]
        if char != "\\":
            out.append((ord(char), True))
            at += 1
            continue
        escape = body[at + 1] if at + 1 < len(body) else ""
        at += 2
        if escape in _SIMPLE:
            out.append((ord(_SIMPLE[escape]), True))
            continue
        if escape in _HEX:
            if for_bytes and escape in "uU":
                raise LiteralError("unable to unescape string")
            code, length = int(body[at : at + _HEX[escape]], 16), _HEX[escape]
        elif escape in "0123":
            code, length = int(body[at - 1 : at + 2], 8), 2
        else:
            raise LiteralError("unable to unescape string")
        if not for_bytes and (code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
            raise LiteralError("invalid unicode code point")
        out.append((code, not for_bytes))
        at += length
    return out


def value_of(token: Token, sign: str = "") -> Any:
    """The value of a number, a string or bytes. Raises LiteralError."""
    if token.kind == NUM_INT:
        return integer(token.text, sign)
    if token.kind == NUM_UINT:
        return unsigned(token.text)
    if token.kind == NUM_FLOAT:
        return double(token.text, sign)
    return string(token.text) if token.kind == STRING else bytes_(token.text)
