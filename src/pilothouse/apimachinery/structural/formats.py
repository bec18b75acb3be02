"""The formats that schemas of custom resources may ask for (upstream: apiextensions-apiserver
pkg/apiserver/validation/formats.go, kube-openapi pkg/validation/strfmt).

Names count without their dashes. Formats that are not here are ignored, as upstream does.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.ipvalidation import parse_cidr, parse_ip
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.structural.gourl import is_request_uri
from pilothouse.apimachinery.structural.mailaddress import is_mail_address
from pilothouse.apimachinery.structural.patterns import compile_pattern
from pilothouse.apimachinery.validation import byte_length

Format = Callable[[str], bool]

_HEX: Final = "[0-9a-fA-F]"
_ISBN_NOISE: Final = re.compile(r"[\t\n\f\r -]+")
_HOSTNAME: Final = (
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)"
    r"|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$"
)
#: Characters; behind the slash of a CIDR, Go reads any number of zeros.
_LONGEST_IP: Final = 64
_LONGEST_CIDR: Final = 4096
_HOSTNAME_MEMORY: Final = 8 << 20
_CARDS: Final = re.compile(
    r"4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|6(011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(0[0-5]|[68][0-9])[0-9]{11}|(2131|1800|35[0-9]{3})[0-9]{11}"
).fullmatch
_COLOR_PART: Final = "(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])"
_SPACE: Final = r"[\t\n\f\r ]*"
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})([^\n][0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))"
).fullmatch
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
#: Looked for from the first of its digits only: from each of them would take hours for very many.
_AMOUNT: Final = re.compile("(?<![0-9])([0-9]++)[\t\n\f\r ]*([A-Za-zµ]+)")
#: Names of units; what starts with the last of a line counts too.
_UNITS: Final = (
    ("ns", "nano"), ("us", "µs", "micro"), ("ms", "milli"), ("s", "sec"), ("m", "min"), ("h", "hr", "hour"),
    ("d", "day"), ("w", "wk", "week"),
)
_MAC: Final = re.compile(
    f"{_HEX}{{2}}(([:-]){_HEX}{{2}})(\\2{_HEX}{{2}}){{4}}|{_HEX}{{2}}(([:-]){_HEX}{{2}})(\\5{_HEX}{{2}}){{6}}"
    f"|{_HEX}{{2}}(([:-]){_HEX}{{2}})(\\8{_HEX}{{2}}){{18}}|{_HEX}{{4}}(\\.{_HEX}{{4}}){{2}}"
    f"|{_HEX}{{4}}(\\.{_HEX}{{4}}){{3}}|{_HEX}{{4}}(\\.{_HEX}{{4}}){{9}}"
).fullmatch
_SHORT_NAME: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def _matches(pattern: str, flags: int = 0) -> Format:
    match = re.compile(pattern, flags).fullmatch
    return lambda text: match(text) is not None


def _is_hostname(text: str) -> bool:
    if byte_length(text) > 255 or not compile_pattern(_HOSTNAME, _HOSTNAME_MEMORY)(text):
        return False
    return all(byte_length(label) <= 63 for label in text.split("."))


def _is_ipv4(text: str) -> bool:
    return len(text) <= _LONGEST_IP and "." in text and parse_ip(text) is not None


def _is_ipv6(text: str) -> bool:
    """Stricter than `parse_ip`: an embedded IPv4 address may not have leading zeros."""
    if len(text) > _LONGEST_IP or ":" not in text or "%" in text:
        return False
    try:
        IPv6Address(text)
        tail = text.rpartition(":")[2]
        return "." not in tail or bool(IPv4Address(tail))
    except ValueError:
        return False


def _is_isbn10(text: str) -> bool:
    digits = _ISBN_NOISE.sub("", text)
    if not re.fullmatch("[0-9]{9}[0-9X]", digits):
        return False
    total = sum(i * int(c) for i, c in enumerate(digits[:9], 1))
    return (total + 10 * (10 if digits[9] == "X" else int(digits[9]))) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = _ISBN_NOISE.sub("", text)
    if not re.fullmatch("[0-9]{13}", digits):
        return False
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(digits[:12]))
    return int(digits[12]) == (10 - total % 10) % 10


def _is_credit_card(text: str) -> bool:
    digits = re.sub("[^0-9]+", "", text)
    if not _CARDS(digits):
        return False
    doubled = (int(c) * 2 if i % 2 else int(c) for i, c in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _is_ssn(text: str) -> bool:
    return len(text) == 11 and re.fullmatch("[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}", text) is not None


def _is_date(text: str) -> bool:
    m = _DATE(text)
    if m is None:
        return False
    year, month, day = map(int, m.groups())
    # Go knows a year 0, a leap year
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 2000, month)[1]


def _is_date_time(text: str) -> bool:
    """RFC 3339; upstream looks at nothing behind a second "t" and allows any character before the fraction."""
    parts = text.lower().split("t")
    if len(parts) < 2 or not _is_date(parts[0]):
        return False
    m = _TIME(parts[1])
    return m is not None and m[1] <= "23" and m[2] <= "59" and m[3] <= "59"


def _is_duration(text: str) -> bool:
    try:
        duration.parse(text)
    except ValueError:
        return _is_scala_duration(text)
    return True


def _is_scala_duration(text: str) -> bool:
    """ "3 days": any text in which an amount with a unit stands."""
    found = False
    for m in _AMOUNT.finditer(text):
        if whole(m[1]) >= 2**63:
            return False
        unit = m[2].lower()
        found = found or any(unit in names or unit.startswith(names[-1]) for names in _UNITS)
    return found


def _is_name(pattern: str, limit: int) -> Format:
    match = re.compile(pattern).fullmatch
    return lambda text: byte_length(text) <= limit and match(text) is not None


def _uuid(third: str, fourth: str) -> Format:
    return _matches(f"{_HEX}{{8}}-?{_HEX}{{4}}-?{third}-?{fourth}-?{_HEX}{{12}}")


#: By normalized name.
STRING_FORMATS: Final[Mapping[str, Format]] = {
    "bsonobjectid": _matches(f"{_HEX}{{24}}"),
    "uri": is_request_uri,
    "email": is_mail_address,
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "cidr": lambda text: len(text) <= _LONGEST_CIDR and parse_cidr(text) is not None,
    "mac": lambda text: _MAC(text) is not None,
    "uuid": _uuid(f"{_HEX}{{4}}", f"{_HEX}{{4}}"),
    "uuid3": _uuid(f"3{_HEX}{{3}}", f"{_HEX}{{4}}"),
    "uuid4": _uuid(f"4{_HEX}{{3}}", f"[89abAB]{_HEX}{{3}}"),
    "uuid5": _uuid(f"5{_HEX}{{3}}", f"[89abAB]{_HEX}{{3}}"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_credit_card,
    "ssn": _is_ssn,
    "hexcolor": _matches(f"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "rgbcolor": _matches(
        rf"rgb\({_SPACE}{_COLOR_PART}{_SPACE},{_SPACE}{_COLOR_PART}{_SPACE},{_SPACE}{_COLOR_PART}{_SPACE}\)"
    ),
    "byte": _matches("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    "password": lambda text: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_date_time,
    "k8sshortname": _is_name(_SHORT_NAME, 63),
    "k8slongname": _is_name(rf"{_SHORT_NAME}(\.{_SHORT_NAME})*", 253),
}
_NUMBER_FORMATS: Final = {"integer": ("int32", "int64"), "number": ("float", "double")}


def supported_format(schema: Mapping[str, Any]) -> str:
    """The format of a schema in wire form, as it is written; "" if it is none that counts for the schema's type."""
    name: str = schema.get("format") or ""
    type = "" if schema.get("x-kubernetes-int-or-string") else schema.get("type") or ""
    if type in ("", "string"):
        return name if name.replace("-", "") in STRING_FORMATS else ""
    return name if name in _NUMBER_FORMATS.get(type, ()) else ""


def unrecognized_format(schema: Mapping[str, Any]) -> str:
    """The format that a schema asks for in vain, "" if none (upstream: GetUnrecognizedFormats)."""
    return "" if supported_format(schema) else schema.get("format") or ""


def string_format(name: str) -> Format | None:
    return STRING_FORMATS.get(name.replace("-", ""))
