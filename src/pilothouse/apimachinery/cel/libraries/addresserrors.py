"""Why a text is no IP address, in Go's words (upstream: net/netip.ParseAddr)."""

import re
from typing import Final

from pilothouse.apimachinery.field import go_quote

_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_FIELDS = 8


def address_problem(text: str) -> str:
    """What ParseAddr says after its name and the text."""
    for char in text:
        if char == ".":
            return _ipv4_problem(text)
        if char == ":":
            return _ipv6_problem(text)
        if char == "%":
            return "missing IPv6 address"
    return "unable to parse IP"


def _at(message: str, rest: str) -> str:
    return f"{message} (at {go_quote(rest)})"


def _ipv4_problem(text: str) -> str:
    fields, value, digits = 0, 0, 0
    for i, char in enumerate(text):
        if "0" <= char <= "9":
            if digits == 1 and value == 0:
                return "IPv4 field has octet with leading zero"
            value = value * 10 + int(char)
            digits += 1
            if value > 255:
                return "IPv4 field has value >255"
        elif char == ".":
            if i == 0 or i == len(text) - 1 or text[i - 1] == ".":
                return _at("IPv4 field must have at least one digit", text[i:])
            if fields == 3:
                return "IPv4 address too long"
            fields, value, digits = fields + 1, 0, 0
        else:
            return _at("unexpected character", text[i:])
    return "IPv4 address too short"


def _ipv6_problem(text: str) -> str:
    text, percent, zone = text.partition("%")
    if percent and not zone:
        return "zone must be a non-empty string"
    rest, ellipsis, fields = text, text.startswith("::"), 0
    if ellipsis:
        rest = text[2:]
        if not rest:
            return "unable to parse IP"
    while fields < _FIELDS:
        match = _HEX.match(rest)
        number = match.group() if match else ""
        if len(number) > 4:
            return _at("each group must have 4 or less digits", rest)
        if not number:
            return _at("each colon-separated field must have at least one digit", rest)
        if rest[len(number) : len(number) + 1] == ".":
            return _embedded_problem(rest, fields, ellipsis)
        fields, rest = fields + 1, rest[len(number) :]
        if not rest:
            break
        if rest[0] != ":":
            return _at("unexpected character, want colon", rest)
        if len(rest) == 1:
            return _at("colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest[0] == ":":
            if ellipsis:
                return _at("multiple :: in address", rest)
            ellipsis, rest = True, rest[1:]
            if not rest:
                break
    if rest:
        return _at("trailing garbage after address", rest)
    if fields < _FIELDS:
        return "unable to parse IP" if ellipsis else "address string too short"
    return "the :: must expand to at least one field of zeros" if ellipsis else "unable to parse IP"


def _embedded_problem(rest: str, fields: int, ellipsis: bool) -> str:
    if not ellipsis and fields != _FIELDS - 2:
        return _at("embedded IPv4 address must replace the final 2 fields of the address", rest)
    if fields + 2 > _FIELDS:
        return _at("too many hex fields to fit an embedded IPv4 at the end of the address", rest)
    return _ipv4_problem(rest)
